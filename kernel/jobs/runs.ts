import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import type { Binding, Database, Row } from '../../db/database.ts'
import type { Progress } from '../contract.ts'
import { newId } from '../data/id.ts'
import { switchOf } from './job-switches.ts'
import { type JobRun, RUNS_TABLE, type RunStatus, toRun } from './run.ts'

const MAX_DATA = 256 * 1024
const MAX_RESULT = 64 * 1024
const MAX_ERROR = 2000
const MAX_MESSAGE = 500
/** Ids one statement names. */
const BATCH = 500

/** A run to make. */
export interface NewRun {
  readonly plugin: string
  readonly name: string
  readonly tenantId?: string | undefined
  /** What the job gets; at most 256 kB as JSON. */
  readonly data: unknown
  readonly createdBy?: string | undefined
  readonly maxAttempts: number
  /** Not before; default: now. */
  readonly runAfter?: Date | undefined
  /** While a run of this job, tenant and key is queued, no second one is made. */
  readonly unique?: string | undefined
}

/** The attempt that holds a run: writes of an older attempt find nothing to change. */
export type Hold = Pick<JobRun, 'id' | 'attempts'>

/** Whose runs to look at: a tenant's, or those that belong to none (null). */
export type RunOwner = string | null

/** What a list of runs shows, newest first. */
export interface RunFilter {
  readonly plugin?: string | undefined
  readonly name?: string | undefined
  readonly status?: RunStatus | undefined
  /** Only runs older than this one, for the next page. */
  readonly before?: Pick<JobRun, 'id' | 'createdAt'> | undefined
  /** At most so many; default 50. */
  readonly limit?: number | undefined
}

/** The runs of jobs in `job_runs`. Every change of status is a compare-and-set, so each happens once. */
export class JobRuns {
  readonly #database: Database
  readonly #now: () => Date

  constructor(database: Database, now: () => Date) {
    this.#database = database
    this.#now = now
  }

  /** Adds a run, in the caller's transaction. Answers the id of the one that is queued under the same unique key. */
  async enqueue(trx: Knex, run: NewRun): Promise<string> {
    const data = JSON.stringify(run.data ?? {})
    if (data.length > MAX_DATA)
      throw new RangeError(`the data of job ${run.plugin}/${run.name} is over ${MAX_DATA} bytes`)
    const key = run.unique === undefined ? null : uniqueKey(run, run.unique)
    const queued = async (): Promise<string | undefined> =>
      (await trx(RUNS_TABLE).where({ unique_key: key }).select('id').first())?.id
    const earlier = key && (await queued())
    if (earlier) return earlier
    const now = this.#now()
    const id = newId()
    try {
      await trx(RUNS_TABLE).insert({
        id,
        tenant_id: run.tenantId ?? null,
        plugin: run.plugin,
        name: run.name,
        status: 'queued',
        data,
        attempts: 0,
        max_attempts: run.maxAttempts,
        run_after: run.runAfter ?? now,
        created_by: run.createdBy ?? null,
        created_at: now,
        unique_key: key,
      })
      return id
    } catch (error) {
      const other = key && this.#database.dialect.isUniqueViolation(error) && (await queued())
      if (other) return other
      throw error
    }
  }

  /** A run of this owner, or undefined. */
  async find(id: string, owner: RunOwner): Promise<JobRun | undefined> {
    const [row] = await this.#read(this.#table().where({ id, tenant_id: owner }))
    return row && toRun(row)
  }

  /** A run, whosever it is: for operators of the platform. */
  async findAny(id: string): Promise<JobRun | undefined> {
    const [row] = await this.#read(this.#table().where({ id }))
    return row && toRun(row)
  }

  /** Runs of this owner, newest first. */
  async list(owner: RunOwner, { plugin, name, status, before, limit = 50 }: RunFilter = {}): Promise<JobRun[]> {
    const query = this.#table().where({ tenant_id: owner })
    if (plugin) query.where({ plugin })
    if (name) query.where({ name })
    if (status) query.where({ status })
    if (before) {
      const at = new Date(before.createdAt)
      query
        .where('created_at', '<=', at)
        .where(older => older.where('created_at', '<', at).orWhere('id', '<', before.id))
    }
    const rows = await this.#read(query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit))
    return rows.map(toRun)
  }

  /**
   * Starts an attempt: of all that try, one gets the run. Undefined when it is not queued, or not due yet. What was due
   * when it was made is due now, also for a clock that was set back since, or that differs from its maker's. A job that is
   * switched off starts nowhere.
   */
  async claim(id: string): Promise<JobRun | undefined> {
    const now = this.#now()
    const [row] = await this.#table()
      .where({ id, status: 'queued' })
      .where(due => due.where('run_after', '<=', now).orWhere('run_after', '<=', this.#database.knex.ref('created_at')))
      .whereNotExists(switchOf(this.#database.knex))
      .update({
        status: 'running',
        attempts: this.#database.knex.raw('attempts + 1'),
        started_at: now,
        heartbeat_at: now,
        unique_key: null,
      })
      .returning('*')
    return row && toRun(row)
  }

  /** Says that these runs are alive; answers those that are no longer theirs who hold them. */
  async beat<H extends Hold>(holds: readonly H[]): Promise<H[]> {
    const lost: H[] = []
    for (let start = 0; start < holds.length; start += BATCH) {
      const batch = holds.slice(start, start + BATCH)
      const ids = batch.map(hold => hold.id)
      const rows: Row[] = await this.#table()
        .whereIn('id', ids)
        .where({ status: 'running' })
        .update({ heartbeat_at: this.#now() })
        .returning(['id', 'attempts'])
      const held = new Map(rows.map(row => [String(row.id), Number(row.attempts)]))
      lost.push(...batch.filter(hold => held.get(hold.id) !== hold.attempts))
    }
    return lost
  }

  /** Writes how far a run is. False when it is no longer held. */
  progress(hold: Hold, progress: Progress): Promise<boolean> {
    return this.#change(hold, { progress: progressText(progress), heartbeat_at: this.#now() })
  }

  /**
   * Ends a run well. A result that is too long is replaced by `{ truncated: true, bytes }`, one that is not JSON by
   * `{ not_json: why }`: the work is done, and must not be done again for it.
   */
  succeed(hold: Hold, result: unknown, progress: Progress | undefined): Promise<boolean> {
    const text = resultText(result)
    const tooLong = text !== null && text.length > MAX_RESULT
    const kept = tooLong ? JSON.stringify({ truncated: true, bytes: text.length }) : text
    return this.#finish(hold, 'succeeded', { result: kept, error: null, ...lastProgress(progress) })
  }

  /** Ends a run for good. */
  fail(hold: Hold, error: string, progress: Progress | undefined): Promise<boolean> {
    return this.#finish(hold, 'failed', { error: error.slice(0, MAX_ERROR), ...lastProgress(progress) })
  }

  /**
   * Puts a running run back into the queue.
   * @param failure why the attempt failed, and when to try again; undefined: it was interrupted, does not count, and is
   * due at once
   */
  requeue(hold: Hold, failure?: { readonly error: string; readonly runAfter: Date }): Promise<boolean> {
    const queued = { status: 'queued', dispatched_at: null }
    if (failure) {
      return this.#change(hold, { ...queued, run_after: failure.runAfter, error: failure.error.slice(0, MAX_ERROR) })
    }
    const run_after = this.#database.knex.ref('created_at')
    return this.#change(hold, { ...queued, run_after, attempts: hold.attempts - 1 })
  }

  /** Ends a run that is not finished; the process that has it learns of it with its next heartbeat. */
  async cancel(id: string): Promise<boolean> {
    const changed = await this.#table()
      .where({ id })
      .whereIn('status', ['queued', 'running'])
      .update({ status: 'cancelled', finished_at: this.#now(), unique_key: null })
    return changed === 1
  }

  /**
   * Queues a failed or cancelled run again, due at once, in the caller's transaction. What it has had of attempts counts
   * on, so that nothing an old attempt still writes is taken for the new one's.
   * @param attempts how many more it may have
   * @returns false when it is neither failed nor cancelled
   */
  async retry(trx: Knex, id: string, attempts: number): Promise<boolean> {
    const changed = await trx(RUNS_TABLE)
      .where({ id })
      .whereIn('status', ['failed', 'cancelled'])
      .update({
        status: 'queued',
        max_attempts: trx.raw('attempts + ?', [attempts]),
        run_after: trx.ref('created_at'),
        dispatched_at: null,
        finished_at: null,
        result: null,
      })
    return changed === 1
  }

  /** Owners for whom this job is queued or running, as the transaction sees it. */
  async unfinished(trx: Knex, plugin: string, name: string): Promise<Set<RunOwner>> {
    const query = trx(RUNS_TABLE).where({ plugin, name }).whereIn('status', ['queued', 'running'])
    const rows: Row[] = await query.distinct('tenant_id')
    return new Set(rows.map(row => row.tenant_id as RunOwner))
  }

  #finish(hold: Hold, status: RunStatus, values: Row): Promise<boolean> {
    return this.#change(hold, { status, finished_at: this.#now(), ...values })
  }

  async #change({ id, attempts }: Hold, values: Row): Promise<boolean> {
    return (await this.#table().where({ id, attempts, status: 'running' }).update(values)) === 1
  }

  #table(): Knex.QueryBuilder {
    return this.#database.knex(RUNS_TABLE)
  }

  /** Reads beside the writer, so that progress shows while a job holds a transaction. */
  #read(query: Knex.QueryBuilder): Promise<Row[]> {
    const { sql, bindings } = query.toSQL()
    return this.#database.read({ sql, method: 'select' }, bindings as readonly Binding[])
  }
}

function uniqueKey({ plugin, name, tenantId }: NewRun, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([plugin, name, tenantId ?? null, key]))
    .digest('base64url')
}

function resultText(result: unknown): string | null {
  try {
    return JSON.stringify(result) ?? null
  } catch (error) {
    return JSON.stringify({ not_json: String((error as Error).message).slice(0, MAX_MESSAGE) })
  }
}

const progressText = ({ done, total, message }: Progress): string =>
  JSON.stringify({ done, total, message: message?.slice(0, MAX_MESSAGE) })

const lastProgress = (progress: Progress | undefined): Row => (progress ? { progress: progressText(progress) } : {})
