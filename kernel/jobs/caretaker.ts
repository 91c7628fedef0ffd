import type { Agenda } from 'agenda'
import { HeartbeatWatch } from './heartbeat-watch.ts'
import { agendaName } from './job-definition.ts'
import type { Neglected, Running, RunUpkeep } from './run-upkeep.ts'

/** Runs looked after in one go. */
const BATCH = 200
const PRUNE_EVERY_MS = 60 * 60_000
/** So long before it was made, a run that is due at once is due on every clock, and still in its order. Ten years. */
const LONG_AGO_MS = 10 * 365 * 24 * 60 * 60_000
/** A finished ticket is removed by whoever had the turn; after this time, by anybody. Milliseconds. */
const LEFT_OVER_MS = 60 * 60_000

/** What Agenda holds of a run: its turn. Everything else is in `job_runs`. */
export interface Ticket {
  readonly run: string
}

/** What the caretaker works with. */
export interface CaretakerOptions {
  readonly agenda: Agenda
  readonly upkeep: RunUpkeep
  now(): Date
  /** Milliseconds between two looks, if nobody asks for more. */
  readonly pollMs: number
  /** Milliseconds without a heartbeat after which a run's process counts as gone. */
  readonly staleMs: number
  /** Milliseconds after which a due run that Agenda was given, and has not started, is looked for in Agenda. */
  readonly lostMs: number
  /** Milliseconds that finished runs are kept. */
  readonly keepMs: number
  /** True for a run that this process works on, however old its heartbeat. */
  isHere(id: string): boolean
  /** Told of a run that was taken from a process that is gone. */
  takenOver(run: Running, status: 'queued' | 'failed'): void
  /** Told why a look was cut short; the next one goes on. */
  failed(error: Error): void
}

/**
 * Hands queued runs to Agenda, whoever made them, and takes runs from processes that are gone. Looking again does no
 * harm: each step is a compare-and-set in the database.
 */
export class Caretaker {
  readonly #options: CaretakerOptions
  readonly #heartbeats: HeartbeatWatch
  #looking: Promise<void> | undefined
  #again = false
  /** Set until all that an earlier process left behind has been looked after: whatever is older than this. */
  #everythingBefore: Date | undefined
  #prunedAt = 0

  /** @param alone no other process uses the database, so whatever looks alive at the start is not */
  constructor(options: CaretakerOptions, alone: boolean) {
    this.#options = options
    this.#heartbeats = new HeartbeatWatch(options.staleMs, 2 * options.pollMs)
    this.#everythingBefore = alone ? options.now() : undefined
  }

  /** Looks now, or once more after the look under way. Settles when there is nothing left to look after. */
  look(): Promise<void> {
    this.#again = true
    this.#looking ??= this.#rounds().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #rounds(): Promise<void> {
    while (this.#again) {
      this.#again = false
      try {
        if (await this.#round()) this.#again = true
      } catch (error) {
        this.#options.failed(error as Error)
        return
      }
    }
  }

  /** @returns true when there may be more */
  async #round(): Promise<boolean> {
    const { upkeep, now, lostMs } = this.#options
    await this.#takeOver()
    const at = now().getTime()
    const lost = this.#everythingBefore ?? new Date(at - lostMs)
    const ahead = new Date(at + Math.abs(lostMs))
    const queued = await upkeep.neglected({ lost, ahead, limit: BATCH })
    await this.#dispatch(queued)
    if (queued.length === BATCH) return true
    this.#everythingBefore = undefined
    await this.#prune(at)
    return false
  }

  async #takeOver(): Promise<void> {
    const { upkeep, isHere, takenOver } = this.#options
    const running = (await upkeep.running()).filter(run => !isHere(run.id))
    const silent = this.#heartbeats.silent(running)
    for (const run of this.#everythingBefore ? running : silent) {
      const status = await upkeep.takeOver(run)
      if (status) takenOver(run, status)
    }
  }

  async #dispatch(queued: readonly Neglected[]): Promise<void> {
    const { agenda, upkeep } = this.#options
    const known = await this.#ticketed(queued.filter(run => run.dispatchedAt))
    for (const run of queued) {
      if (!(await upkeep.markDispatched(run)) || known.has(run.id)) continue
      try {
        const ticket: Ticket = { run: run.id }
        await agenda.create(agendaName(run), ticket).schedule(this.#turnOf(run)).save()
      } catch (error) {
        await upkeep.undispatch(run.id)
        throw error
      }
    }
  }

  /** When Agenda may give the turn; Agenda goes by the system's clock, this kernel perhaps by another. */
  #turnOf({ createdAt, runAfter }: Neglected): Date {
    if (!runAfter) return new Date(createdAt.getTime() - LONG_AGO_MS)
    return new Date(Date.now() + Math.max(0, runAfter.getTime() - this.#options.now().getTime()))
  }

  /** Which of these runs Agenda will still give the turn of: not where a wrong clock locked it, or it has had its turn. */
  async #ticketed(runs: readonly Neglected[]): Promise<Set<string>> {
    if (runs.length === 0) return new Set()
    const { jobs } = await this.#options.agenda.queryJobs({ names: [...new Set(runs.map(agendaName))] })
    const future = Date.now() + this.#options.lostMs
    const open = jobs.filter(({ lockedAt, nextRunAt }) =>
      lockedAt ? lockedAt.getTime() <= future : nextRunAt !== null,
    )
    return new Set(open.map(job => (job.data as Ticket | undefined)?.run ?? ''))
  }

  async #prune(at: number): Promise<void> {
    const { upkeep, keepMs } = this.#options
    if (Math.abs(at - this.#prunedAt) < PRUNE_EVERY_MS) return
    const deleted = await upkeep.prune(new Date(at - keepMs))
    // A full batch: the next look goes on.
    if (deleted > 0) return
    this.#prunedAt = at
    await this.#sweep()
  }

  /** Removes tickets whose turn is over and that nobody could remove then, because the store was gone. */
  async #sweep(): Promise<void> {
    const { agenda } = this.#options
    for (const state of ['completed', 'failed'] as const) {
      const { jobs } = await agenda.queryJobs({ state, limit: BATCH })
      const old = jobs.filter(({ type, nextRunAt, lastFinishedAt }) => {
        const finished = lastFinishedAt?.getTime() ?? Date.now()
        return type !== 'single' && !nextRunAt && finished < Date.now() - LEFT_OVER_MS
      })
      const ids = old.flatMap(({ _id }) => (_id ? [_id] : []))
      if (ids.length > 0) await agenda.cancel({ ids })
    }
  }
}
