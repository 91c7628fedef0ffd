import type {
  JobParameters,
  JobRepository,
  JobRepositoryOptions,
  JobsOverview,
  JobsQueryOptions,
  JobsResult,
  JobWithState,
  RemoveJobsOptions,
  UniqueOpts,
} from 'agenda'
import type { Knex } from 'knex'
import type { Binding, Database, Row } from '../../db/database.ts'
import { whereContains } from '../data/contains.ts'
import { newId } from '../data/id.ts'
import { AGENDA_TABLE, columnOf, fromRow, STATE_ATTRIBUTES, toRow } from './agenda-row.ts'
import { type AgendaSql, agendaSql } from './agenda-sql.ts'
import { debounce } from './debounce.ts'
import { DueNames, type FindDueNames } from './due-names.ts'
import { filterJobs, isJobId } from './job-filter.ts'
import { JOB_STATES, jobsWithState } from './job-state.ts'
import { TicketGone } from './ticket-gone.ts'

/** Ids in one statement: SQL Server takes 2,100 bindings. */
const BATCH = 1000

/**
 * Agenda's jobs in the SQL database. Rows are claimed with one statement, so that two instances never get the same job;
 * filtering, state and paging are SQL, too. Semantics: agenda's packages/mongo-backend and packages/postgres-backend.
 */
export class SqlJobRepository implements JobRepository {
  readonly #database: Database
  readonly #sql: AgendaSql
  readonly #due: DueNames

  constructor(database: Database) {
    this.#database = database
    this.#sql = agendaSql(database.dialect)
    this.#due = new DueNames(dueNames(database))
  }

  /** Nothing to do: the database is open. */
  async connect(): Promise<void> {}

  async getJobById(id: string): Promise<JobParameters | null> {
    if (!isJobId(id)) return null
    const [row] = await this.#read(this.#jobs().where({ id }))
    return row ? fromRow(row) : null
  }

  async queryJobs(options: JobsQueryOptions = {}): Promise<JobsResult> {
    const { state, search, includeDisabled = true, sort, skip = 0, limit = 0 } = options
    const query = jobsWithState(this.#database, new Date())
    filterJobs(query, options, this.#sql)
    if (search) whereContains(query, 'name', search)
    if (!includeDisabled) query.where('disabled', false)
    if (state === 'paused') query.where('disabled', true)
    else if (state) query.where('state', state)
    const [counted] = await this.#read(query.clone().count({ total: '*' }))
    const page = query.clone().select('*')
    for (const [attribute, direction] of Object.entries(sort ?? { nextRunAt: 'desc', lastRunAt: 'desc' })) {
      const column = columnOf(attribute)
      page.orderByRaw('CASE WHEN ?? IS NULL THEN 1 ELSE 0 END', [column])
      page.orderBy(column, direction === 'asc' ? 'asc' : 'desc')
    }
    page.orderBy('id')
    if (skip > 0 || limit > 0) page.limit(limit > 0 ? limit : 2 ** 31 - 1).offset(skip)
    const rows = await this.#read(page)
    const jobs = rows.map(row => ({ ...fromRow(row), state: row.state }) as JobWithState)
    return { jobs, total: Number(counted?.total ?? 0) }
  }

  async getJobsOverview(): Promise<JobsOverview[]> {
    const rows = await this.#read(
      jobsWithState(this.#database, new Date())
        .select('name', 'state', 'disabled')
        .count({ total: '*' })
        .groupBy('name', 'state', 'disabled')
        .orderBy('name'),
    )
    const overviews = new Map<string, JobsOverview>()
    for (const row of rows) {
      const name = String(row.name)
      const none = Object.fromEntries(JOB_STATES.map(state => [state, 0])) as Record<
        (typeof JOB_STATES)[number],
        number
      >
      const overview = overviews.get(name) ?? { name, total: 0, paused: 0, ...none }
      const total = Number(row.total)
      overview.total += total
      overview[row.state as keyof typeof none] += total
      if (row.disabled) overview.paused += total
      overviews.set(name, overview)
    }
    return [...overviews.values()]
  }

  async getDistinctJobNames(): Promise<string[]> {
    const rows = await this.#read(this.#jobs().distinct('name').orderBy('name'))
    return rows.map(row => String(row.name))
  }

  async getQueueSize(): Promise<number> {
    const [row] = await this.#read(this.#jobs().where('next_run_at', '<', new Date()).count({ total: '*' }))
    return Number(row?.total ?? 0)
  }

  async removeJobs(options: RemoveJobsOptions): Promise<number> {
    const query = this.#jobs()
    return filterJobs(query, options, this.#sql) ? query.delete() : 0
  }

  disableJobs(options: RemoveJobsOptions): Promise<number> {
    return this.#setDisabled(options, true)
  }

  enableJobs(options: RemoveJobsOptions): Promise<number> {
    return this.#setDisabled(options, false)
  }

  purgeAllJobs(): Promise<number> {
    return this.#jobs().delete()
  }

  async unlockJob(job: JobParameters): Promise<void> {
    // A job that is being processed has no next run; its lock is not taken away.
    if (job._id) await this.#jobs().where({ id: job._id }).whereNotNull('next_run_at').update({ locked_at: null })
  }

  async unlockJobs(jobIds: readonly string[]): Promise<void> {
    for (let start = 0; start < jobIds.length; start += BATCH) {
      const ids = jobIds.slice(start, start + BATCH).filter(isJobId)
      await this.#jobs().whereIn('id', ids).update({ locked_at: null })
    }
  }

  async lockJob(job: JobParameters, options: JobRepositoryOptions | undefined): Promise<JobParameters | undefined> {
    if (!job._id) return undefined
    const query = this.#jobs().where({ id: job._id, name: job.name, disabled: false, locked_at: null })
    const [row] = await query
      .where('next_run_at', job.nextRunAt)
      .update({ locked_at: new Date(), last_modified_by: options?.lastModifiedBy ?? null })
      .returning('*')
    return row && fromRow(row)
  }

  async getNextJobToRun(
    jobName: string,
    nextScanAt: Date,
    lockDeadline: Date,
    now: Date | undefined,
    options: JobRepositoryOptions | undefined,
  ): Promise<JobParameters | undefined> {
    if (!(await this.#due.isDue(jobName, nextScanAt, lockDeadline))) return undefined
    const lockedAt = now ?? new Date()
    const by = options?.lastModifiedBy ?? null
    const claim = { name: jobName, dueUntil: nextScanAt, lockDeadline, lockedAt, by }
    const [row] = await this.#sql.claim(this.#database.knex, claim)
    return row && fromRow(row)
  }

  /** @throws {TicketGone} when the job was removed meanwhile. */
  async saveJobState(job: JobParameters, options: JobRepositoryOptions | undefined): Promise<void> {
    const state = Object.fromEntries(STATE_ATTRIBUTES.map(attribute => [attribute, job[attribute]]))
    const row = toRow({ ...state, lastModifiedBy: options?.lastModifiedBy } as Partial<JobParameters>)
    const saved = job._id ? await this.#jobs().where({ id: job._id, name: job.name }).update(row) : 0
    if (saved !== 1) throw new TicketGone(job)
  }

  async saveJob<DATA = unknown>(
    job: JobParameters<DATA>,
    options: JobRepositoryOptions | undefined,
  ): Promise<JobParameters<DATA>> {
    const { _id, unique, uniqueOpts, ...props } = job
    const row = toRow({ ...props, lastModifiedBy: options?.lastModifiedBy } as Partial<JobParameters>)
    if (_id) {
      const [saved] = await this.#jobs().where({ id: _id, name: props.name }).update(row).returning('*')
      return saved ? fromRow(saved) : job
    }
    if (props.type === 'single') return fromRow(await this.#saveSingle(row))
    if (unique) return fromRow(await this.#saveUnique(row, unique, uniqueOpts))
    return fromRow(await this.#insert(this.#database.knex, row))
  }

  /** One job of this type for each name: the stored one keeps its time when the new one is due already. */
  async #saveSingle(row: Row): Promise<Row> {
    const { next_run_at: next, ...rest } = row
    const due = next instanceof Date && next <= new Date()
    const kept = this.#database.knex.raw('COALESCE(next_run_at, ?)', [next as Date])
    const update = async (): Promise<Row | undefined> => {
      const query = this.#jobs().where({ name: row.name, type: 'single' })
      return (await query.update({ ...rest, next_run_at: due ? kept : next }).returning('*'))[0]
    }
    const stored = await update()
    if (stored) return stored
    try {
      return await this.#insert(this.#database.knex, row)
    } catch (error) {
      if (!this.#database.dialect.isUniqueViolation(error)) throw error
      return (await update()) ?? row
    }
  }

  #saveUnique(row: Row, unique: Record<string, unknown>, options: UniqueOpts = {}): Promise<Row> {
    return this.#database.transaction(undefined, async trx => {
      await this.#sql.holdName(trx, String(row.name))
      const query = trx(AGENDA_TABLE).where('name', row.name as string)
      for (const [key, value] of Object.entries(unique)) {
        if (key.startsWith('data.')) this.#sql.whereData(query, key.slice(5).split('.'), value)
        else query.where(columnOf(key), value as Knex.Value)
      }
      const [found] = await query.select('*').limit(1)
      if (found && options.insertOnly && !options.debounce) return found
      const asked = row.next_run_at instanceof Date ? row.next_run_at : null
      const stored = found && debouncing(found)
      const held = options.debounce && debounce(options.debounce, stored, asked, new Date())
      const saved = held ? { ...row, next_run_at: held.nextRunAt, debounce_started_at: held.debounceStartedAt } : row
      if (!found) return this.#insert(trx, saved)
      const [updated] = await trx(AGENDA_TABLE).where({ id: found.id }).update(saved).returning('*')
      return updated
    })
  }

  async #insert(knex: Knex, row: Row): Promise<Row> {
    const [inserted] = await knex(AGENDA_TABLE)
      .insert({ type: 'normal', priority: 0, disabled: false, fork: false, ...row, id: newId() })
      .returning('*')
    return inserted
  }

  async #setDisabled(options: RemoveJobsOptions, disabled: boolean): Promise<number> {
    const query = this.#jobs()
    return filterJobs(query, options, this.#sql) ? query.update({ disabled }) : 0
  }

  #jobs(): Knex.QueryBuilder {
    return this.#database.knex(AGENDA_TABLE)
  }

  #read(query: Knex.QueryBuilder): Promise<Row[]> {
    const { sql, bindings } = query.toSQL()
    return this.#database.read({ sql, method: 'select' }, bindings as readonly Binding[])
  }
}

/** The query of `DueNames`, built once. */
function dueNames(database: Database): FindDueNames {
  const { sql } = database
    .knex(AGENDA_TABLE)
    .distinct('name')
    .whereRaw('disabled = 0 AND ((locked_at IS NULL AND next_run_at <= ?) OR locked_at <= ?)', ['', ''])
    .toSQL()
  return async (dueUntil, lockDeadline) => {
    const rows = await database.read<{ name: string }>({ sql, method: 'select' }, [dueUntil, lockDeadline])
    return rows.map(row => row.name)
  }
}

function debouncing(row: Row): { nextRunAt: Date | null; debounceStartedAt: Date | null } {
  const { nextRunAt, debounceStartedAt } = fromRow(row)
  return { nextRunAt, debounceStartedAt: debounceStartedAt ?? null }
}
