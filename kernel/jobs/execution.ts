import type { Progress } from '../contract.ts'
import type { Log } from '../log/log.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { JobDefinition } from './job-definition.ts'
import type { JobRun } from './run.ts'
import type { Hold, JobRuns } from './runs.ts'

const DEFAULT_TIMEOUT_MS = 10 * 60_000
/** How long the outcome of an attempt is tried to be written, in milliseconds. */
const OUTCOME_PATIENCE_MS = 10 * 60_000

/** Why an attempt is asked to end. */
export type EndReason = 'stopping' | 'timed out' | 'cancelled' | 'taken over'

/** What became of an attempt; `lost`: the run belongs to somebody else, or to nobody, now. */
export type Outcome = 'succeeded' | 'failed' | 'queued' | 'lost'

/** What is said about a run when it changes. */
export type RunChange = Pick<JobRun, 'id' | 'tenantId' | 'plugin' | 'name' | 'status' | 'progress' | 'createdBy'>

/** What an attempt works with. */
export interface ExecutionOptions {
  readonly run: JobRun
  readonly definition: JobDefinition
  readonly runs: JobRuns
  readonly log: Log
  readonly telemetry?: Telemetry | undefined
  now(): Date
  /** Milliseconds to wait after this failed attempt. */
  backoff(attempt: number): number
  /** Milliseconds between two writes of the progress. */
  readonly progressMs: number
  /** Milliseconds an attempt has to end after its signal was aborted; then it is given up. */
  readonly graceMs: number
  changed(change: RunChange): void
}

/** Thrown into an attempt through its signal. */
export class JobEnded extends Error {
  override readonly name = 'JobEnded'
  readonly reason: EndReason

  constructor(reason: EndReason) {
    super(`the job has to end: ${reason}`)
    this.reason = reason
  }
}

/** One attempt of a run, from its start to its outcome in the database. */
export class Execution implements Hold {
  readonly id: string
  readonly attempts: number
  readonly plugin: string
  readonly name: string
  /** Settles when the attempt is over and written. Set by `begin`. */
  done: Promise<Outcome> = Promise.resolve('lost')
  readonly #options: ExecutionOptions
  readonly #controller = new AbortController()
  readonly #givenUp = Promise.withResolvers<never>()
  #progress: Progress | undefined
  #writing = false
  #over = false
  #impatient = false
  #reason: EndReason | undefined
  #grace: NodeJS.Timeout | undefined

  constructor(options: ExecutionOptions) {
    this.#options = options
    const { id, attempts, plugin, name } = options.run
    this.id = id
    this.attempts = attempts
    this.plugin = plugin
    this.name = name
    this.#givenUp.promise.catch(() => undefined)
  }

  /** Starts the work. Call it once. */
  begin(): Promise<Outcome> {
    const { run, telemetry } = this.#options
    this.done = telemetry ? telemetry.job(run, () => this.#perform()) : this.#perform()
    return this.done
  }

  /** Aborts the signal; the work has the grace time to end. The first reason counts. */
  end(reason: EndReason): void {
    if (this.#reason || this.#over) return
    this.#reason = reason
    this.#controller.abort(new JobEnded(reason))
    this.#grace = setTimeout(() => this.giveUp(), this.#options.graceMs)
  }

  /** Waits no longer for work that does not heed its signal: its outcome is that of a failed attempt. */
  giveUp(): void {
    this.#impatient = true
    this.#givenUp.reject(new JobEnded(this.#reason ?? 'stopping'))
  }

  async #perform(): Promise<Outcome> {
    const { definition, run } = this.#options
    const timer = setTimeout(() => this.end('timed out'), definition.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    this.#say('running')
    try {
      const result = await Promise.race([this.#work(), this.#givenUp.promise])
      this.#over = true
      const held = await this.#surely(() => this.#options.runs.succeed(run, result, this.#progress))
      if (held) this.#say('succeeded')
      return held ? 'succeeded' : 'lost'
    } catch (error) {
      // What fails after the work is over is the database: then the run is taken over once its heartbeat is stale.
      if (this.#over) throw error
      this.#over = true
      return await this.#fail(error)
    } finally {
      clearTimeout(timer)
      clearTimeout(this.#grace)
    }
  }

  async #work(): Promise<unknown> {
    const { definition, run, log } = this.#options
    return definition.run({
      id: run.id,
      plugin: run.plugin,
      name: run.name,
      tenantId: run.tenantId ?? undefined,
      createdBy: run.createdBy ?? undefined,
      data: run.data,
      attempt: run.attempts,
      signal: this.#controller.signal,
      log,
      progress: progress => this.#show(progress),
    })
  }

  async #fail(error: unknown): Promise<Outcome> {
    const { run, runs, log, now, backoff } = this.#options
    if (this.#reason === 'cancelled' || this.#reason === 'taken over') return 'lost'
    if (this.#reason === 'stopping') return this.#settle(await this.#surely(() => runs.requeue(run)), 'queued')
    const message = this.#reason ?? (error instanceof Error ? error.message : String(error))
    log.error(
      error instanceof Error ? error : new Error(message),
      `attempt ${run.attempts} of ${run.maxAttempts} failed`,
    )
    if (run.attempts >= run.maxAttempts) {
      return this.#settle(await this.#surely(() => runs.fail(run, message, this.#progress)), 'failed')
    }
    const runAfter = new Date(now().getTime() + backoff(run.attempts))
    return this.#settle(await this.#surely(() => runs.requeue(run, { error: message, runAfter })), 'queued')
  }

  /**
   * Writes how the attempt ended, again and again while the database is gone: work that is done must not be done twice for
   * want of a line. Meanwhile nobody else can take the run, for they need the same database.
   */
  async #surely(write: () => Promise<boolean>): Promise<boolean> {
    const { log, progressMs } = this.#options
    const deadline = performance.now() + OUTCOME_PATIENCE_MS
    for (let tries = 1; ; tries++) {
      try {
        return await write()
      } catch (error) {
        if (this.#impatient || performance.now() > deadline) throw error
        if (tries === 1) log.warn(error as Error, 'the outcome of a job was not written; trying again')
        await new Promise(resolve => setTimeout(resolve, progressMs))
      }
    }
  }

  #settle(held: boolean, outcome: 'failed' | 'queued'): Outcome {
    if (held) this.#say(outcome)
    return held ? outcome : 'lost'
  }

  #show(progress: Progress): void {
    if (this.#over) return
    this.#progress = progress
    if (!this.#writing) void this.#write()
  }

  /** Writes the newest progress until there is none newer, one write at a time with a pause after each. */
  async #write(): Promise<void> {
    const { run, runs, log, progressMs } = this.#options
    this.#writing = true
    let written: Progress | undefined
    while (!this.#over && this.#progress && this.#progress !== written) {
      written = this.#progress
      try {
        if (await runs.progress(run, written)) this.#say('running', written)
        else this.end('taken over')
      } catch (error) {
        log.warn(error as Error, 'progress was not written')
      }
      await new Promise(resolve => setTimeout(resolve, progressMs).unref())
    }
    this.#writing = false
  }

  #say(status: RunChange['status'], progress = this.#progress ?? null): void {
    const { id, tenantId, plugin, name, createdBy } = this.#options.run
    this.#options.changed({ id, tenantId, plugin, name, status, progress, createdBy })
  }
}
