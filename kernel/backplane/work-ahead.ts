import type { WorkAnnouncement } from './announcement.ts'
import type { Backplane } from './backplane.ts'

/** Commits that follow each other are told together. */
const TOGETHER_MS = 25

/** What waits to be done once it is committed. */
export type Work = WorkAnnouncement['work']

/** What tells who about work. */
export interface WorkAheadParts {
  /** True where this process delivers events and runs jobs itself. */
  readonly here: boolean
  readonly backplane: Pick<Backplane, 'announce'>
  /** Looks for it now. */
  begin(work: Work): void
}

/**
 * Says that there is work. A process that does none tells those that do, over the backplane, so that they begin at once;
 * without one they find it with their next poll.
 */
export class WorkAhead {
  readonly #parts: WorkAheadParts
  readonly #waiting = new Set<Work>()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: WorkAheadParts) {
    this.#parts = parts
  }

  /** This process has committed some. */
  tell(work: Work): void {
    if (this.#parts.here) {
      this.#parts.begin(work)
      return
    }
    this.#waiting.add(work)
    this.#timer ??= setTimeout(() => this.#announce(), TOGETHER_MS).unref()
  }

  /** Another process has. */
  heard({ work }: WorkAnnouncement): void {
    if (this.#parts.here) this.#parts.begin(work)
  }

  #announce(): void {
    this.#timer = undefined
    for (const work of this.#waiting) this.#parts.backplane.announce({ kind: 'work', work })
    this.#waiting.clear()
  }
}
