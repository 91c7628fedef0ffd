import type { Knex } from 'knex'
import type { Binding, Database, Row } from '../../db/database.ts'
import { RUNS_TABLE } from './run.ts'

const TABLE = 'job_switches'

/** A job, as its plugin names it. */
export interface JobName {
  readonly plugin: string
  readonly name: string
}

/** A job that an operator has switched off, by whom (an id) and when (ISO 8601). */
export interface JobSwitch extends JobName {
  readonly disabledBy: string
  readonly disabledAt: string
}

/** The switch of the job of a row of `job_runs`, for a condition: there is one while the job is off. */
export const switchOf = (knex: Knex): Knex.QueryBuilder =>
  knex(TABLE)
    .select(knex.raw('1'))
    .where(`${TABLE}.plugin`, knex.ref(`${RUNS_TABLE}.plugin`))
    .where(`${TABLE}.name`, knex.ref(`${RUNS_TABLE}.name`))

/**
 * The jobs that are switched off, in the database: no instance starts a run of them from the commit on. What runs then
 * goes on to its end, what is queued waits, and the times of recurring ones pass by.
 */
export class JobSwitches {
  readonly #database: Database
  readonly #now: () => Date

  constructor(database: Database, now: () => Date) {
    this.#database = database
    this.#now = now
  }

  async list(): Promise<JobSwitch[]> {
    const rows = await this.#read(this.#database.knex(TABLE).select('*'))
    return rows.map(row => ({
      plugin: String(row.plugin),
      name: String(row.name),
      disabledBy: String(row.disabled_by),
      disabledAt: String(row.disabled_at),
    }))
  }

  async isOff({ plugin, name }: JobName): Promise<boolean> {
    const rows = await this.#read(this.#database.knex(TABLE).where({ plugin, name }).select('name'))
    return rows.length > 0
  }

  /** Switches a job off, in the caller's transaction. False when it was off: it stays so since then. */
  async off(trx: Knex, { plugin, name }: JobName, by: string): Promise<boolean> {
    if (await trx(TABLE).where({ plugin, name }).select('name').first()) return false
    const row = { plugin, name, disabled_by: by, disabled_at: this.#now() }
    await this.#database.dialect.upsert(trx, TABLE, [row], ['plugin', 'name'], [])
    return true
  }

  /** Switches a job on again, in the caller's transaction. Call the scheduler's `nudge` after the commit. False when it was on. */
  async on(trx: Knex, { plugin, name }: JobName): Promise<boolean> {
    return (await trx(TABLE).where({ plugin, name }).delete()) > 0
  }

  #read(query: Knex.QueryBuilder): Promise<Row[]> {
    const { sql, bindings } = query.toSQL()
    return this.#database.read({ sql, method: 'select' }, bindings as readonly Binding[])
  }
}
