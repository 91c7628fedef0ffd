import type { Agenda, AgendaBackend, Job } from 'agenda'
import type { Knex } from 'knex'
import { AgendaProcessor } from './agenda-processor.ts'
import { Caretaker, type Ticket } from './caretaker.ts'
import { ClockWatch } from './clock-watch.ts'
import { Executions } from './executions.ts'
import { agendaName, attemptsOf, checkDefinition, type JobDefinition, tickName } from './job-definition.ts'
import type { JobStore } from './job-store.ts'
import { JobSwitches } from './job-switches.ts'
import { defaultTiming, type JobTiming } from './job-timing.ts'
import { Outage } from './outage.ts'
import { fanOut, recur } from './recurrence.ts'
import { Renewal } from './renewal.ts'
import type { JobRun } from './run.ts'
import { RunUpkeep } from './run-upkeep.ts'
import { JobRuns, type NewRun } from './runs.ts'
import type { SchedulerOptions } from './scheduler-options.ts'
import { sqlStore } from './sql-store.ts'

export type { JobDefinition, RunContext } from './job-definition.ts'
export type { JobRun } from './run.ts'
export type { SchedulerOptions } from './scheduler-options.ts'

/** A run to make of a job that is defined; retries come from its definition. */
export type Enqueue = Omit<NewRun, 'maxAttempts'>

/** Stops handing out a job: its running runs are interrupted and have `drainMs` (default 0) to end. */
export type Undefine = (options?: { readonly drainMs?: number }) => Promise<void>

/**
 * Runs the jobs of plugins. Agenda keeps the time and gives out turns; `job_runs` is the record of every run, and its
 * compare-and-set makes each attempt start once, whoever believes that it is their turn. So nothing that Agenda's store
 * forgets, repeats or takes back loses a run or starts it twice. A run is repeated when its attempt failed or its process
 * is gone, so a job must be able to run twice.
 */
export class Scheduler {
  /** The record of all runs. */
  readonly runs: JobRuns
  /** The jobs that operators have switched off. */
  readonly switches: JobSwitches
  readonly #options: SchedulerOptions
  readonly #timing: JobTiming
  readonly #now: () => Date
  readonly #upkeep: RunUpkeep
  readonly #store: JobStore
  readonly #outage: Outage
  readonly #renewal: Renewal
  readonly #clock = new ClockWatch()
  readonly #definitions = new Map<string, JobDefinition>()
  readonly #attempts = new Map<string, number>()
  readonly #executions: Executions
  readonly #turns = new Map<Job, PromiseWithResolvers<void>>()
  readonly #timers: NodeJS.Timeout[] = []
  /** Definitions that Agenda has not taken yet. */
  readonly #unregistered = new Set<JobDefinition>()
  #processor: AgendaProcessor | undefined
  #caretaker: Caretaker | undefined
  #starting: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #opening = false
  #stopping = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#now = options.now ?? (() => new Date())
    this.runs = new JobRuns(options.database, this.#now)
    this.switches = new JobSwitches(options.database, this.#now)
    this.#upkeep = new RunUpkeep(options.database, this.#now)
    this.#store = options.store ?? sqlStore(options.database)
    this.#outage = new Outage(this.#store, options.log)
    this.#executions = new Executions({
      options,
      timing: this.#timing,
      runs: this.runs,
      upkeep: this.#upkeep,
      now: this.#now,
      definitionOf: name => (this.#stopping ? undefined : this.#definitions.get(name)),
      nudge: () => this.nudge(),
    })
    this.#renewal = new Renewal({
      runs: this.runs,
      executions: this.#executions.turns,
      lockMs: this.#timing.lockMs,
      failed: (error, message) => this.#outage.report(error, message),
    })
  }

  /**
   * Makes a job known and hands its runs out. A recurring one is due at once the first time, then by its interval.
   * @returns what takes it back: its runs stay queued until it is defined again, here or in another process
   */
  define(definition: JobDefinition): Undefine {
    checkDefinition(definition)
    const key = agendaName(definition)
    if (this.#definitions.has(key)) throw new Error(`job ${key} is defined already`)
    this.#definitions.set(key, definition)
    this.#attempts.set(key, attemptsOf(definition))
    if (this.#processor) void this.#register(this.#processor, definition)
    return async ({ drainMs = 0 } = {}) => {
      if (this.#definitions.get(key) === definition) this.#definitions.delete(key)
      await this.#executions.interrupt(execution => agendaName(execution) === key, drainMs)
    }
  }

  /**
   * Queues a run in the caller's transaction. Call `nudge` after the commit.
   * @returns the id of the run, or of the queued one with the same `unique` key
   */
  async enqueue(trx: Knex, run: Enqueue): Promise<string> {
    const maxAttempts = this.#attempts.get(agendaName(run))
    if (maxAttempts === undefined) throw new TypeError(`there is no job ${agendaName(run)}`)
    return this.runs.enqueue(trx, { ...run, maxAttempts })
  }

  /** The jobs that are defined in this process. */
  get definitions(): readonly JobDefinition[] {
    return [...this.#definitions.values()]
  }

  /**
   * Queues a failed or cancelled run again, in the caller's transaction, with as many attempts as its job has at first.
   * Call `nudge` after the commit.
   * @returns false when it is neither failed nor cancelled
   */
  retry(trx: Knex, run: Pick<JobRun, 'id' | 'plugin' | 'name'>): Promise<boolean> {
    return this.runs.retry(trx, run.id, this.#attempts.get(agendaName(run)) ?? 1)
  }

  /** Starts what was queued at once, instead of with the next poll. */
  nudge(): void {
    if (this.#stopping) return
    const { telemetry } = this.#options
    if (telemetry) telemetry.apart(() => void this.#caretaker?.look())
    else void this.#caretaker?.look()
  }

  /** Ends a queued or running run for good. False when it was finished already. */
  async cancel(id: string): Promise<boolean> {
    const cancelled = await this.runs.cancel(id)
    this.#executions.end(id, 'cancelled')
    return cancelled
  }

  /** Rejects, with words for an operator, while no run can start. */
  async check(): Promise<void> {
    if (this.#outage.fault) throw this.#outage.fault
    await this.#store.check()
  }

  /**
   * Begins to hand out runs. Call it once. Where the store of jobs cannot be reached, runs are queued, and handed out as
   * soon as it can.
   */
  start(): Promise<void> {
    this.#starting = this.#open()
    return this.#starting
  }

  async #open(): Promise<void> {
    let backend: AgendaBackend
    this.#opening = true
    try {
      backend = await this.#store.open()
    } catch (error) {
      if (this.#stopping) return
      this.#outage.report(error as Error, `${this.#store.name} was not opened`)
      this.#retry = setTimeout(() => {
        this.#starting = this.#open()
      }, this.#timing.pollMs).unref()
      return
    } finally {
      this.#opening = false
    }
    await (this.#stopping ? this.#store.close() : this.#begin(backend))
  }

  async #begin(backend: AgendaBackend): Promise<void> {
    const { log, alone = false, maxConcurrency = 20 } = this.#options
    const { pollMs, heartbeatMs, lockMs, staleMs, lostMs, keepMs } = this.#timing
    const processor = await AgendaProcessor.on(backend, {
      pollMs,
      lockMs,
      maxConcurrency,
      isRunning: name => this.#isRunning(name),
      finished: job => void this.#finishTurn(processor, job),
      answered: () => this.#answered(),
      failed: error => this.#outage.report(error, 'the job scheduler failed'),
    })
    this.#processor = processor
    this.#caretaker = new Caretaker(
      {
        agenda: processor.agenda,
        upkeep: this.#upkeep,
        now: this.#now,
        pollMs,
        staleMs,
        lostMs,
        keepMs,
        isHere: id => this.#executions.has(id),
        failed: error => this.#outage.report(error, 'queued jobs could not be looked after'),
        takenOver: (run, status) => {
          log.warn(
            { job: agendaName(run), run_id: run.id, status },
            'a job was taken over: the process that ran it is gone',
          )
        },
      },
      alone,
    )
    for (const definition of this.#definitions.values()) await this.#register(processor, definition)
    await processor.start()
    await this.#caretaker.look()
    this.#timers.push(setInterval(() => this.#poll(processor), pollMs).unref())
    this.#timers.push(setInterval(() => this.#renewal.beat(), heartbeatMs).unref())
  }

  #poll(processor: AgendaProcessor): void {
    this.nudge()
    const jump = this.#clock.jump()
    if (jump !== 0) {
      const seconds = Math.round(jump / 1000)
      this.#options.log.warn({ seconds }, 'the clock of this machine jumped: recurring jobs are set by the new time')
    }
    const again = jump === 0 ? [...this.#unregistered] : this.#definitions.values()
    for (const definition of again) void this.#register(processor, definition)
    void processor.mend(jump !== 0)
  }

  #answered(): void {
    if (this.#outage.over()) this.nudge()
  }

  /** Hands out nothing more, interrupts what runs, and queues again what does not end within `drainMs`. */
  async stop({ drainMs }: { readonly drainMs: number }): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#retry)
    const gone = this.check().then(
      () => false,
      () => true,
    )
    if (!this.#opening) await this.#starting?.catch(() => undefined)
    for (const timer of this.#timers) clearInterval(timer)
    await this.#executions.interrupt(() => true, drainMs)
    // Whatever waits for a store that is gone is not worth waiting for.
    if (await gone) await this.#store.close()
    await this.#caretaker?.look()
    await Promise.all([...this.#turns.values()].map(turn => turn.promise))
    await this.#processor
      ?.stop()
      .catch((error: Error) => this.#outage.report(error, 'the job scheduler did not stop well'))
    await this.#store.close()
  }

  #isRunning(name: string): boolean {
    return !this.#stopping && this.#definitions.has(name.replace(/@every$/, ''))
  }

  /** Makes Agenda know a job; what goes wrong is tried again with the next poll. */
  async #register(processor: AgendaProcessor, definition: JobDefinition): Promise<void> {
    this.#unregistered.delete(definition)
    try {
      await this.#hand(processor.agenda, definition)
      await this.#wake(agendaName(definition))
      if (definition.every) await this.#wake(tickName(definition))
    } catch (error) {
      this.#outage.report(error as Error, `job ${agendaName(definition)} was not registered`)
      if (this.#definitions.get(agendaName(definition)) === definition) this.#unregistered.add(definition)
    }
  }

  /** Agenda has no way to take a name back, so each is defined once, and its definition looked up when it is due. */
  async #hand(agenda: Agenda, definition: JobDefinition): Promise<void> {
    const [name, tick] = [agendaName(definition), tickName(definition)]
    const { concurrency = 1, every } = definition
    // A turn that failed for want of the database comes again; what a job itself does wrong is no fault of its turn.
    const options = { backoff: () => this.#timing.pollMs }
    // No more is locked than can run at once: what waits under a lock would be lost to other instances, and expire.
    const limits = { concurrency, lockLimit: concurrency }
    const known = agenda.definitions[name]
    if (known) Object.assign(known, limits)
    else agenda.define(name, (job: Job<Ticket>) => this.#turn(job), { ...options, ...limits })
    if (every && !agenda.definitions[tick]) {
      agenda.define(tick, (job: Job) => this.#tick(job), { ...options, concurrency: 1, lockLimit: 1 })
    }
    if (every) await recur(agenda, tick, every)
  }

  /** Agenda gave this process the turn of a run. */
  #turn(job: Job<Ticket>): Promise<void> {
    this.#beginTurn(job as Job)
    return this.#executions.take(job)
  }

  /** A recurring job is due: one run for each owner that has none under way; none while it is switched off. */
  async #tick(job: Job): Promise<void> {
    this.#beginTurn(job)
    const definition = this.#definitions.get(job.attrs.name.replace(/@every$/, ''))
    if (!definition || this.#stopping) return
    const { database, tenantsFor } = this.#options
    if (await this.switches.isOff(definition)) return
    const owners = definition.scope === 'tenant' ? await tenantsFor(definition.plugin) : [undefined]
    await fanOut(database, this.runs, definition, owners)
    this.nudge()
  }

  #beginTurn(job: Job): void {
    this.#turns.set(job, Promise.withResolvers())
    this.#processor?.begun(job)
  }

  /** Agenda has let go of a turn: its ticket goes, and there is room for the next one. */
  async #finishTurn({ agenda }: AgendaProcessor, job: Job): Promise<void> {
    const turn = this.#turns.get(job)
    this.#turns.delete(job)
    try {
      const over = job.attrs.type !== 'single' && !job.attrs.nextRunAt
      if (over && job.attrs._id) await agenda.cancel({ id: job.attrs._id })
      await this.#wake(job.attrs.name)
    } catch (error) {
      this.#outage.report(error as Error, `the ticket of job ${job.attrs.name} was not removed`)
    } finally {
      turn?.resolve()
    }
  }

  async #wake(name: string): Promise<void> {
    if (!this.#stopping) await this.#processor?.wake(name)
  }
}

/** A scheduler on this database; it hands out nothing before `start`. */
export const createScheduler = (options: SchedulerOptions): Scheduler => new Scheduler(options)
