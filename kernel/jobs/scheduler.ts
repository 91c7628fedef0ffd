import { hostname } from 'node:os'
import type { Agenda, InMemoryNotificationChannel, Job, JobId } from 'agenda'
import type { Knex } from 'knex'
import { backoff } from './backoff.ts'
import { Caretaker, type Ticket } from './caretaker.ts'
import { Execution } from './execution.ts'
import { agendaName, attemptsOf, checkDefinition, type JobDefinition, tickName } from './job-definition.ts'
import { defaultTiming, type JobTiming } from './job-timing.ts'
import { parking } from './parking.ts'
import { fanOut, recur } from './recurrence.ts'
import { RunUpkeep } from './run-upkeep.ts'
import { JobRuns, type NewRun } from './runs.ts'
import type { SchedulerOptions } from './scheduler-options.ts'
import { sqlBackend } from './sql-backend.ts'

export type { JobDefinition, RunContext } from './job-definition.ts'
export type { JobRun } from './run.ts'
export type { SchedulerOptions } from './scheduler-options.ts'

/** A run to make of a job that is defined; retries come from its definition. */
export type Enqueue = Omit<NewRun, 'maxAttempts'>

/** Stops handing out a job: its running runs are interrupted and have `drainMs` (default 0) to end. */
export type Undefine = (options?: { readonly drainMs?: number }) => Promise<void>

/**
 * Runs the jobs of plugins. Agenda keeps the time and gives each turn to one instance; `job_runs` is the record of every
 * run, and its compare-and-set makes each attempt start once. A run is repeated when its attempt failed or its process
 * is gone, so a job must be able to run twice.
 */
export class Scheduler {
  /** The record of all runs. */
  readonly runs: JobRuns
  readonly #options: SchedulerOptions
  readonly #timing: JobTiming
  readonly #now: () => Date
  readonly #upkeep: RunUpkeep
  readonly #definitions = new Map<string, JobDefinition>()
  readonly #attempts = new Map<string, number>()
  readonly #executions = new Map<Execution, Job>()
  readonly #turns = new Map<Job, PromiseWithResolvers<void>>()
  readonly #timers: NodeJS.Timeout[] = []
  #agenda: Agenda | undefined
  #channel: InMemoryNotificationChannel | undefined
  #caretaker: Caretaker | undefined
  #starting: Promise<void> | undefined
  #stopping = false
  #beating = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#now = options.now ?? (() => new Date())
    this.runs = new JobRuns(options.database, this.#now)
    this.#upkeep = new RunUpkeep(options.database, this.#now)
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
    if (this.#agenda) void this.#guard(this.#register(this.#agenda, definition), `job ${key} was not registered`)
    return async ({ drainMs = 0 } = {}) => {
      if (this.#definitions.get(key) === definition) this.#definitions.delete(key)
      await this.#interrupt(execution => agendaName(execution) === key, drainMs)
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

  /** Starts what was queued at once, instead of with the next poll. */
  nudge(): void {
    if (!this.#stopping) void this.#caretaker?.look()
  }

  /** Ends a queued or running run for good. False when it was finished already. */
  async cancel(id: string): Promise<boolean> {
    const cancelled = await this.runs.cancel(id)
    for (const execution of this.#executions.keys()) if (execution.id === id) execution.end('cancelled')
    return cancelled
  }

  /** Begins to hand out runs. Call it once. */
  start(): Promise<void> {
    this.#starting = this.#begin()
    return this.#starting
  }

  async #begin(): Promise<void> {
    const { database, log, backend = sqlBackend(database), alone = false, maxConcurrency = 20 } = this.#options
    const { pollMs, heartbeatMs, lockMs, staleMs, lostMs, keepMs } = this.#timing
    const { Agenda, InMemoryNotificationChannel } = await import('agenda')
    const report = (error: Error): void => log.error(error, 'the job scheduler failed')
    this.#channel = new InMemoryNotificationChannel()
    const agenda = new Agenda({
      backend: parking(backend, name => this.#isRunning(name), report),
      notificationChannel: this.#channel,
      name: `${hostname()}/${process.pid}`,
      processEvery: pollMs,
      defaultLockLifetime: lockMs,
      maxConcurrency,
      lockLimit: maxConcurrency,
    })
    agenda.on('error', report)
    agenda.on('complete', (job: Job) => setImmediate(() => void this.#finishTurn(agenda, job)))
    await agenda.ready
    this.#agenda = agenda
    const isHere = (id: string): boolean => [...this.#executions.keys()].some(execution => execution.id === id)
    this.#caretaker = new Caretaker(
      {
        agenda,
        upkeep: this.#upkeep,
        log,
        now: this.#now,
        staleMs,
        lostMs,
        keepMs,
        isHere,
        takenOver: (run, status) => {
          log.warn(
            { job: agendaName(run), run_id: run.id, status },
            'a job was taken over: the process that ran it is gone',
          )
        },
      },
      alone,
    )
    for (const definition of this.#definitions.values()) {
      await this.#guard(this.#register(agenda, definition), `job ${agendaName(definition)} was not registered`)
    }
    await agenda.start()
    await this.#caretaker.look()
    this.#timers.push(setInterval(() => this.nudge(), pollMs).unref())
    this.#timers.push(
      setInterval(() => void this.#guard(this.#beat(), 'heartbeats were not written'), heartbeatMs).unref(),
    )
  }

  /** Hands out nothing more, interrupts what runs, and queues again what does not end within `drainMs`. */
  async stop({ drainMs }: { readonly drainMs: number }): Promise<void> {
    this.#stopping = true
    await this.#starting?.catch(() => undefined)
    for (const timer of this.#timers) clearInterval(timer)
    await this.#interrupt(() => true, drainMs)
    await this.#caretaker?.look()
    await Promise.all([...this.#turns.values()].map(turn => turn.promise))
    await this.#agenda?.stop()
  }

  #isRunning(name: string): boolean {
    return !this.#stopping && this.#definitions.has(name.replace(/@every$/, ''))
  }

  /** Agenda has no way to take a name back, so each is defined once, and its definition looked up when it is due. */
  async #register(agenda: Agenda, definition: JobDefinition): Promise<void> {
    const [name, tick] = [agendaName(definition), tickName(definition)]
    const { concurrency = 1, every } = definition
    // No more is locked than can run at once: what waits under a lock would be lost to other instances, and expire.
    const limits = { concurrency, lockLimit: concurrency }
    const known = agenda.definitions[name]
    if (known) Object.assign(known, limits)
    else agenda.define(name, (job: Job<Ticket>) => this.#turn(job), limits)
    if (every && !agenda.definitions[tick]) {
      agenda.define(tick, (job: Job) => this.#tick(job), { concurrency: 1, lockLimit: 1 })
    }
    if (every) await recur(agenda, tick, every)
    await this.#wake(name)
    if (every) await this.#wake(tick)
  }

  /** Agenda gave this process the turn of a run. */
  async #turn(job: Job<Ticket>): Promise<void> {
    this.#turns.set(job as Job, Promise.withResolvers())
    const { run: id } = job.attrs.data
    const definition = this.#definitions.get(job.attrs.name)
    if (!definition || this.#stopping) return this.#upkeep.undispatch(id)
    const run = await this.runs.claim(id)
    if (!run) return
    // Taken back, or stopping, while the run was claimed.
    if (this.#stopping || this.#definitions.get(job.attrs.name) !== definition) {
      await this.runs.requeue(run, this.#now())
      return this.nudge()
    }
    const { log, changed = () => undefined } = this.#options
    const execution = new Execution({
      run,
      definition,
      runs: this.runs,
      log: log.child({ job: agendaName(run), run_id: id, ...(run.tenantId && { tenant_id: run.tenantId }) }),
      now: this.#now,
      backoff: this.#options.backoff ?? backoff,
      progressMs: this.#timing.progressMs,
      graceMs: this.#timing.graceMs,
      changed,
    })
    this.#executions.set(execution, job as Job)
    try {
      if ((await execution.begin()) === 'queued') this.nudge()
    } finally {
      this.#executions.delete(execution)
    }
  }

  /** A recurring job is due: one run for each owner that has none under way. */
  async #tick(job: Job): Promise<void> {
    this.#turns.set(job, Promise.withResolvers())
    const definition = this.#definitions.get(job.attrs.name.replace(/@every$/, ''))
    if (!definition || this.#stopping) return
    const { database, tenantsFor } = this.#options
    const owners = definition.scope === 'tenant' ? await tenantsFor(definition.plugin) : [undefined]
    await fanOut(database, this.runs, definition, owners)
    this.nudge()
  }

  /** Agenda has let go of a turn: its ticket goes, and there is room for the next one. */
  async #finishTurn(agenda: Agenda, job: Job): Promise<void> {
    const turn = this.#turns.get(job)
    this.#turns.delete(job)
    try {
      if (job.attrs.type !== 'single' && job.attrs._id) await agenda.cancel({ id: job.attrs._id })
      await this.#wake(job.attrs.name)
    } catch (error) {
      this.#options.log.warn(error as Error, `the ticket of job ${job.attrs.name} was not removed`)
    } finally {
      turn?.resolve()
    }
  }

  /** Lets Agenda look for jobs of a name now. */
  async #wake(jobName: string): Promise<void> {
    if (this.#stopping || this.#channel?.state !== 'connected') return
    await this.#channel.publish({ jobName, jobId: '' as JobId, nextRunAt: null, priority: 0, timestamp: new Date() })
  }

  /** Says that the running runs are alive. Skipped while the last one waits, as behind a long transaction on SQLite. */
  async #beat(): Promise<void> {
    if (this.#beating) return
    this.#beating = true
    try {
      await this.#renew([...this.#executions.keys()])
    } finally {
      this.#beating = false
    }
  }

  async #renew(executions: readonly Execution[]): Promise<void> {
    for (const lost of await this.runs.beat(executions)) lost.end('taken over')
    const renewBefore = Date.now() - this.#timing.lockMs / 3
    for (const [execution, job] of this.#executions) {
      const lockedAt = job.attrs.lockedAt?.getTime() ?? 0
      if (executions.includes(execution) && lockedAt < renewBefore) await job.touch()
    }
  }

  async #interrupt(which: (execution: Execution) => boolean, drainMs: number): Promise<void> {
    const executions = [...this.#executions.keys()].filter(which)
    if (executions.length === 0) return
    for (const execution of executions) execution.end('stopping')
    const timer = setTimeout(() => {
      for (const execution of executions) execution.giveUp()
    }, drainMs)
    await Promise.allSettled(executions.map(execution => execution.done))
    clearTimeout(timer)
  }

  async #guard(work: Promise<unknown>, message: string): Promise<void> {
    await work.catch((error: Error) => this.#options.log.error(error, message))
  }
}

/** A scheduler on this database; it hands out nothing before `start`. */
export const createScheduler = (options: SchedulerOptions): Scheduler => new Scheduler(options)
