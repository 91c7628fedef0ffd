import type { Batch } from '../batch.ts'
import { type EventKind, kindNames } from '../event-kinds.ts'

/** What has come in since this process started, for its gauges. */
export class Tally {
  readonly #counts = new Map<EventKind, number>(kindNames.map(kind => [kind, 0]))
  #last: Date | undefined

  /** Counts a batch that was committed. */
  add({ events }: Batch, now: Date): void {
    for (const { kind } of events) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
    this.#last = now
  }

  /** Events by kind. */
  get counts(): ReadonlyMap<EventKind, number> {
    return this.#counts
  }

  /** When the last batch came; undefined before the first. */
  get last(): Date | undefined {
    return this.#last
  }
}
