import { hostname } from 'node:os'
import type { Agenda, AgendaBackend, InMemoryNotificationChannel, Job, JobId } from 'agenda'
import type { Knex } from 'knex'
import type { Database } from '../../db/database.ts'
import type { Log } from '../log/log.ts'
import { backoff } from './backoff.ts'
import { Caretaker, type Ticket } from './caretaker.ts'
import { Execution, type RunChange } from './execution.ts'
import { agendaName, checkDefinition, type JobDefinition, tickName } from './job-definition.ts'
import { parking } from './parking.ts'
import { JobRuns, type NewRun } from './runs.ts'
import { sqlBackend } from './sql-backend.ts'

export type { JobDefinition, RunContext } from './job-definition.ts'
export type { JobRun } from './run.ts'

const DEFAULT_RETRIES = 3
/** Runs made in one transaction when a recurring job is due. */
const FAN_OUT = 100

/** How often things are looked at, in milliseconds. */
export interface JobTiming {
  /** Between two looks for due jobs, and for runs that other processes queued. Default 5 s. */
  readonly pollMs: number
  /** Between two heartbeats of running jobs. Default 5 s. */
  readonly heartbeatMs: number
  /** Without a heartbeat for so long, a run's process is gone. Default 30 s. */
  readonly staleMs: number
  /** Agenda's lock, renewed while the job runs. Default 60 s. */
  readonly lockMs: number
  /** A due run that has not started is looked for in Agenda after this time. Default 2 minutes. */
  readonly lostMs: number
  /** Between two writes of a job's progress. Default 1 s. */
  readonly progressMs: number
  /** What a job has to end after its signal was aborted. Default 10 s. */
  readonly graceMs: number
  /** How long finished runs are kept. Default 30 days. */
  readonly keepMs: number
}

const defaultTiming: JobTiming = {
  pollMs: 5_000,
  heartbeatMs: 5_000,
  staleMs: 30_000,
  lockMs: 60_000,
  lostMs: 120_000,
  progressMs: 1_000,
  graceMs: 10_000,
  keepMs: 30 * 24 * 60 * 60_000,
}

/** What the scheduler works with. */
export interface SchedulerOptions {
  readonly database: Database
  readonly log: Log
  /** Tenants for which a recurring job of this plugin runs. */
  tenantsFor(plugin: string): Promise<readonly string[]> | readonly string[]
  /** Where Agenda keeps its jobs; default: `database`. */
  readonly backend?: AgendaBackend | undefined
  /** The kernel's clock; default: the system's. */
  readonly now?: (() => Date) | undefined
  /** Hears when a run of this process starts, moves on, or ends. Must not throw. */
  readonly changed?: ((change: RunChange) => void) | undefined
  /** No other process uses the database: at the start, runs that look alive are queued again at once. */
  readonly alone?: boolean | undefined
  /** Jobs at the same time in this process, recurring clocks included; default 20. */
  readonly maxConcurrency?: number | undefined
  /** Milliseconds to wait after a failed attempt (1, 2, …). */
  readonly backoff?: ((attempt: number) => number) | undefined
  readonly timing?: Partial<JobTiming> | undefined
}

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
  readonly #definitions = new Map<string, JobDefinition>()
  readonly #retries = new Map<string, number>()
  readonly #executions = new Map<Execution, Job>()
  readonly #turns = new Map<Job, PromiseWithResolvers<void>>()
  readonly #timers: NodeJS.Timeout[] = []
  #agenda: Agenda | undefined
  #channel: InMemoryNotificationChannel | undefined
  #caretaker: Caretaker | undefined
  #stopping = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#now = options.now ?? (() => new Date())
    this.runs = new JobRuns(options.database, this.#now)
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
    this.#retries.set(key, definition.retries ?? DEFAULT_RETRIES)
    if (this.#agenda) this.#guard(this.#register(this.#agenda, definition), `job ${key} was not registered`)
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
    const retries = this.#retries.get(agendaName(run))
    if (retries === undefined) throw new TypeError(`there is no job ${agendaName(run)}`)
    return this.runs.enqueue(trx, { ...run, maxAttempts: retries + 1 })
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

  /** Begins to hand out runs. */
  async start(): Promise<void> {
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
        runs: this.runs,
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
    for (const definition of this.#definitions.values()) await this.#register(agenda, definition)
    await agenda.start()
    await this.#caretaker.look()
    this.#timers.push(setInterval(() => this.nudge(), pollMs).unref())
    this.#timers.push(setInterval(() => this.#guard(this.#beat(), 'heartbeats were not written'), heartbeatMs).unref())
  }

  /** Hands out nothing more, interrupts what runs, and queues again what does not end within `drainMs`. */
  async stop({ drainMs }: { readonly drainMs: number }): Promise<void> {
    this.#stopping = true
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
    if (!agenda.definitions[name]) agenda.define(name, (job: Job<Ticket>) => this.#turn(job), limits)
    if (every && !agenda.definitions[tick]) {
      agenda.define(tick, (job: Job) => this.#tick(job), { concurrency: 1, lockLimit: 1 })
    }
    if (every) await this.#recur(agenda, tick, every)
    await this.#wake(name)
  }

  async #recur(agenda: Agenda, tick: string, every: string): Promise<void> {
    const [stored] = (await agenda.queryJobs({ name: tick })).jobs
    if (stored?.nextRunAt && stored.repeatInterval === every) return this.#wake(tick)
    if (stored) await agenda.cancel({ name: tick })
    const job = await agenda.every(every, tick, undefined, { timezone: 'UTC' })
    if (!job.attrs.nextRunAt) throw new TypeError(`"${every}" is not a time at which ${tick} could run`)
  }

  /** Agenda gave this process the turn of a run. */
  async #turn(job: Job<Ticket>): Promise<void> {
    this.#turns.set(job as Job, Promise.withResolvers())
    const { run: id } = job.attrs.data
    const definition = this.#definitions.get(job.attrs.name)
    if (!definition || this.#stopping) return this.runs.undispatch(id)
    const run = await this.runs.claim(id)
    if (!run) return
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
    const { plugin, name, scope } = definition
    const owners = scope === 'tenant' ? await this.#options.tenantsFor(plugin) : [undefined]
    const busy = await this.runs.unfinished(plugin, name)
    const free = owners.filter(tenantId => !busy.has(tenantId ?? null))
    for (let start = 0; start < free.length; start += FAN_OUT) {
      await this.#options.database.transaction(undefined, async trx => {
        for (const tenantId of free.slice(start, start + FAN_OUT)) {
          await this.enqueue(trx, { plugin, name, tenantId, data: {} })
        }
      })
    }
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

  async #beat(): Promise<void> {
    const executions = [...this.#executions.keys()]
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

  #guard(work: Promise<unknown>, message: string): void {
    work.catch((error: Error) => this.#options.log.error(error, message))
  }
}

/** A scheduler on this database; it hands out nothing before `start`. */
export const createScheduler = (options: SchedulerOptions): Scheduler => new Scheduler(options)
