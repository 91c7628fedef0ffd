import type { Knex } from 'knex'
import type { Binding, Database, Row } from '../../db/database.ts'
import type { Beating } from './heartbeat-watch.ts'
import { switchOf } from './job-switches.ts'
import { RUNS_TABLE } from './run.ts'
import type { Hold } from './runs.ts'

/** Rows one statement deletes. */
const BATCH = 500

/** A queued run that nobody has the turn of. */
export interface Neglected extends Hold {
  readonly plugin: string
  readonly name: string
  readonly createdAt: Date
  /** When it may run; undefined: it was due when it was made, whatever the clock says. */
  readonly runAfter: Date | undefined
  /** When it was last handed to Agenda; undefined: never. */
  readonly dispatchedAt: Date | undefined
}

/** A run that a process works on. */
export interface Running extends Hold, Beating {
  readonly plugin: string
  readonly name: string
}

/** Finds runs that nobody looks after and passes them on. Each step is a compare-and-set, as in `JobRuns`. */
export class RunUpkeep {
  readonly #database: Database
  readonly #now: () => Date

  constructor(database: Database, now: () => Date) {
    this.#database = database
    this.#now = now
  }

  /** Takes the right to hand a queued run to Agenda: of all instances that try, one gets it. */
  async markDispatched({ id, attempts, dispatchedAt }: Neglected): Promise<boolean> {
    const changed = await this.#table()
      .where({ id, status: 'queued', attempts, dispatched_at: dispatchedAt ?? null })
      .update({ dispatched_at: this.#now() })
    return changed === 1
  }

  /** Gives a queued run back to whoever looks for runs that were never handed to Agenda. */
  async undispatch(id: string): Promise<void> {
    await this.#table().where({ id, status: 'queued' }).update({ dispatched_at: null })
  }

  /** Gives a run back that did not start because its job is switched off: it is found again once the job is on. */
  async park(id: string): Promise<void> {
    await this.#table()
      .where({ id, status: 'queued' })
      .whereExists(switchOf(this.#database.knex))
      .update({ dispatched_at: null })
  }

  /**
   * Queued runs that were never handed to Agenda, or handed over before `lost` and still due, longest due first. One that
   * was handed over after `ahead` was so by a clock that was wrong, and counts as handed over long ago. Not those of a job
   * that is switched off: they wait.
   */
  async neglected(limits: { readonly lost: Date; readonly ahead: Date; readonly limit: number }): Promise<Neglected[]> {
    const { lost, ahead, limit } = limits
    const { knex } = this.#database
    const rows = await this.#read(
      this.#table()
        .where({ status: 'queued' })
        .whereNotExists(switchOf(knex))
        .where(any =>
          any
            .whereNull('dispatched_at')
            .orWhere(due =>
              due
                .where(given => given.where('dispatched_at', '<', lost).orWhere('dispatched_at', '>', ahead))
                .where(after => after.where('run_after', '<', lost).orWhere('run_after', '<=', knex.ref('created_at'))),
            ),
        )
        .select('id', 'plugin', 'name', 'attempts', 'run_after', 'created_at', 'dispatched_at')
        .orderBy('run_after')
        .limit(limit),
    )
    return rows.map(row => ({
      id: String(row.id),
      plugin: String(row.plugin),
      name: String(row.name),
      attempts: Number(row.attempts),
      createdAt: timeOf(row.created_at),
      runAfter: timeOf(row.run_after) > timeOf(row.created_at) ? timeOf(row.run_after) : undefined,
      dispatchedAt: row.dispatched_at ? timeOf(row.dispatched_at) : undefined,
    }))
  }

  /** Runs that somebody works on, or worked on when it ended. */
  async running(): Promise<Running[]> {
    const rows = await this.#read(
      this.#table().where({ status: 'running' }).select('id', 'plugin', 'name', 'attempts', 'heartbeat_at'),
    )
    return rows.map(row => ({
      id: String(row.id),
      plugin: String(row.plugin),
      name: String(row.name),
      attempts: Number(row.attempts),
      heartbeatAt: timeOf(row.heartbeat_at),
    }))
  }

  /** Queues again, or fails, a run whose process is gone; undefined when it moved since it was looked at. */
  async takeOver({ id, attempts, heartbeatAt }: Running): Promise<'queued' | 'failed' | undefined> {
    const error = 'the process that ran it ended'
    const lost = (): Knex.QueryBuilder =>
      this.#table().where({ id, attempts, status: 'running', heartbeat_at: heartbeatAt })
    const again = { status: 'queued', run_after: this.#database.knex.ref('created_at'), dispatched_at: null, error }
    const queued: number = await lost().whereRaw('attempts < max_attempts').update(again)
    if (queued === 1) return 'queued'
    const failed: number = await lost().update({ status: 'failed', finished_at: this.#now(), error })
    return failed === 1 ? 'failed' : undefined
  }

  /** Deletes a batch of runs that finished before `before`. @returns how many */
  async prune(before: Date): Promise<number> {
    const old = this.#table().where('finished_at', '<', before).orderBy('finished_at').select('id').limit(BATCH)
    return this.#table()
      .whereIn(
        'id',
        (await this.#read(old)).map(row => row.id as string),
      )
      .delete()
  }

  #table(): Knex.QueryBuilder {
    return this.#database.knex(RUNS_TABLE)
  }

  #read(query: Knex.QueryBuilder): Promise<Row[]> {
    const { sql, bindings } = query.toSQL()
    return this.#database.read({ sql, method: 'select' }, bindings as readonly Binding[])
  }
}

const timeOf = (value: unknown): Date => new Date(String(value))
