import type { Job } from 'agenda'
import { backoff } from './backoff.ts'
import type { Ticket } from './caretaker.ts'
import { type EndReason, Execution } from './execution.ts'
import { agendaName, type JobDefinition } from './job-definition.ts'
import type { JobTiming } from './job-timing.ts'
import type { RunUpkeep } from './run-upkeep.ts'
import type { JobRuns } from './runs.ts'
import type { SchedulerOptions } from './scheduler-options.ts'
import { Slots } from './slots.ts'

/** What runs in this process works with. */
export interface ExecutionsOptions {
  readonly options: SchedulerOptions
  readonly timing: JobTiming
  readonly runs: JobRuns
  readonly upkeep: RunUpkeep
  now(): Date
  /** The definition under which runs of this name start now; undefined: none may start. */
  definitionOf(name: string): JobDefinition | undefined
  /** Lets runs that were queued again be looked after. */
  nudge(): void
}

/** The attempts that run in this process. */
export class Executions {
  /** Each with the turn that Agenda gave it. */
  readonly turns = new Map<Execution, Job>()
  readonly #options: ExecutionsOptions
  readonly #slots = new Slots()

  constructor(options: ExecutionsOptions) {
    this.#options = options
  }

  /** True for a run that this process works on. */
  has(id: string): boolean {
    return [...this.turns.keys()].some(execution => execution.id === id)
  }

  /** Asks a run of this process to end. */
  end(id: string, reason: EndReason): void {
    for (const execution of this.turns.keys()) if (execution.id === id) execution.end(reason)
  }

  /** Starts the run of a ticket, if it is still to be done, and waits for its end. */
  async take(job: Job<Ticket>): Promise<void> {
    const { name } = job.attrs
    // Agenda holds a turn to be over when its lock has expired, as after a jump of the clock, while the run goes on.
    await this.#slots.take(name, this.#options.definitionOf(name)?.concurrency ?? 1)
    try {
      await this.#take(job)
    } finally {
      this.#slots.free(name)
    }
  }

  async #take(job: Job<Ticket>): Promise<void> {
    const { options, timing, runs, upkeep, now, definitionOf, nudge } = this.#options
    const { run: id } = job.attrs.data
    const definition = definitionOf(job.attrs.name)
    if (!definition) return upkeep.undispatch(id)
    const run = await runs.claim(id)
    if (!run) return upkeep.park(id)
    // Taken back, or stopping, while the run was claimed.
    if (definitionOf(job.attrs.name) !== definition) {
      await runs.requeue(run)
      return nudge()
    }
    const { log, telemetry, changed = () => undefined } = options
    const execution = new Execution({
      run,
      definition,
      runs,
      log: log.child({ job: agendaName(run), run_id: id, ...(run.tenantId && { tenant_id: run.tenantId }) }),
      telemetry,
      now,
      backoff: options.backoff ?? backoff,
      progressMs: timing.progressMs,
      graceMs: timing.graceMs,
      changed,
    })
    this.turns.set(execution, job as Job)
    try {
      if ((await execution.begin()) === 'queued') nudge()
    } finally {
      this.turns.delete(execution)
    }
  }

  /** Interrupts some of what runs, and gives up what has not ended within `drainMs`. */
  async interrupt(which: (execution: Execution) => boolean, drainMs: number): Promise<void> {
    const executions = [...this.turns.keys()].filter(which)
    if (executions.length === 0) return
    for (const execution of executions) execution.end('stopping')
    const timer = setTimeout(() => {
      for (const execution of executions) execution.giveUp()
    }, drainMs)
    await Promise.allSettled(executions.map(execution => execution.done))
    clearTimeout(timer)
  }
}
