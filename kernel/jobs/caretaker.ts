import type { Agenda } from 'agenda'
import type { Log } from '../log/log.ts'
import { agendaName } from './job-definition.ts'
import type { Neglected, RunUpkeep } from './run-upkeep.ts'

/** Runs looked after in one go. */
const BATCH = 200
const PRUNE_EVERY_MS = 60 * 60_000

/** What Agenda holds of a run: its turn. Everything else is in `job_runs`. */
export interface Ticket {
  readonly run: string
}

/** What the caretaker works with. */
export interface CaretakerOptions {
  readonly agenda: Agenda
  readonly upkeep: RunUpkeep
  readonly log: Log
  now(): Date
  /** Milliseconds without a heartbeat after which a run's process counts as gone. */
  readonly staleMs: number
  /** Milliseconds after which a due run that Agenda was given, and has not started, is looked for in Agenda. */
  readonly lostMs: number
  /** Milliseconds that finished runs are kept. */
  readonly keepMs: number
  /** True for a run that this process works on, however old its heartbeat. */
  isHere(id: string): boolean
  /** Told of a run that was taken from a process that is gone. */
  takenOver(run: Neglected, status: 'queued' | 'failed'): void
}

/**
 * Hands queued runs to Agenda, whoever made them, and takes runs from processes that are gone. Looking again does no
 * harm: each step is a compare-and-set in the database.
 */
export class Caretaker {
  readonly #options: CaretakerOptions
  #looking: Promise<void> | undefined
  #again = false
  #everything: boolean
  #prunedAt = 0

  /** @param alone no other process uses the database, so whatever looks alive at the start is not */
  constructor(options: CaretakerOptions, alone: boolean) {
    this.#options = options
    this.#everything = alone
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
        this.#options.log.error(error as Error, 'queued jobs could not be looked after')
        return
      }
    }
  }

  /** @returns true when there may be more */
  async #round(): Promise<boolean> {
    const { upkeep, now, staleMs, lostMs, isHere } = this.#options
    const at = now().getTime()
    const [stale, lost] = this.#everything ? [at, at] : [at - staleMs, at - lostMs]
    const limits = { stale: new Date(stale), lost: new Date(lost), limit: BATCH }
    const neglected = await upkeep.neglected(limits)
    const [queued, running] = [[] as Neglected[], [] as Neglected[]]
    for (const run of neglected) (run.status === 'queued' ? queued : running).push(run)
    const orphans = running.filter(run => !isHere(run.id))
    for (const run of orphans) await this.#takeOver(run, limits.stale)
    await this.#dispatch(queued)
    const more = neglected.length === BATCH || orphans.length > 0
    if (!more) {
      this.#everything = false
      await this.#prune(at)
    }
    return more
  }

  async #takeOver(run: Neglected, stale: Date): Promise<void> {
    const status = await this.#options.upkeep.takeOver(run, stale)
    if (status) this.#options.takenOver(run, status)
  }

  async #dispatch(queued: readonly Neglected[]): Promise<void> {
    const { agenda, upkeep, now } = this.#options
    const known = await this.#ticketed(queued.filter(run => run.dispatchedAt))
    for (const run of queued) {
      if (!(await upkeep.markDispatched(run)) || known.has(run.id)) continue
      const pause = Math.max(0, run.runAfter.getTime() - now().getTime())
      try {
        const ticket: Ticket = { run: run.id }
        await agenda
          .create(agendaName(run), ticket)
          .schedule(new Date(Date.now() + pause))
          .save()
      } catch (error) {
        await upkeep.undispatch(run.id)
        throw error
      }
    }
  }

  /** Which of these runs Agenda still knows. */
  async #ticketed(runs: readonly Neglected[]): Promise<Set<string>> {
    if (runs.length === 0) return new Set()
    const { jobs } = await this.#options.agenda.queryJobs({ names: [...new Set(runs.map(agendaName))] })
    return new Set(jobs.map(job => (job.data as Ticket | undefined)?.run ?? ''))
  }

  async #prune(at: number): Promise<void> {
    const { upkeep, keepMs } = this.#options
    if (at - this.#prunedAt < PRUNE_EVERY_MS) return
    const deleted = await upkeep.prune(new Date(at - keepMs))
    // A full batch: the next look goes on.
    if (deleted === 0) this.#prunedAt = at
  }
}
