import type { Knex } from 'knex'
import type { Binding, Database, Row } from '../../db/database.ts'
import { RUNS_TABLE } from './run.ts'
import type { Hold } from './runs.ts'

/** Rows one statement deletes. */
const BATCH = 500

/** A run that somebody must look after. */
export interface Neglected extends Hold {
  readonly plugin: string
  readonly name: string
  readonly status: 'queued' | 'running'
  readonly runAfter: Date
  /** When it was last handed to Agenda; undefined: never. */
  readonly dispatchedAt: Date | undefined
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

  /**
   * Runs to look after: queued but never handed to Agenda, handed over before `lost` and still due, or running without a
   * heartbeat since `stale`.
   */
  async neglected(limits: { readonly lost: Date; readonly stale: Date; readonly limit: number }): Promise<Neglected[]> {
    const { lost, stale, limit } = limits
    const rows = await this.#read(
      this.#table()
        .where(queued =>
          queued
            .where({ status: 'queued' })
            .where(any =>
              any
                .whereNull('dispatched_at')
                .orWhere(due => due.where('dispatched_at', '<', lost).where('run_after', '<', lost)),
            ),
        )
        .orWhere(running => running.where({ status: 'running' }).where('heartbeat_at', '<', stale))
        .select('id', 'plugin', 'name', 'status', 'attempts', 'max_attempts', 'run_after', 'dispatched_at')
        .orderBy('run_after')
        .limit(limit),
    )
    return rows.map(row => ({
      id: String(row.id),
      plugin: String(row.plugin),
      name: String(row.name),
      status: row.status as Neglected['status'],
      attempts: Number(row.attempts),
      runAfter: new Date(String(row.run_after)),
      dispatchedAt: row.dispatched_at ? new Date(String(row.dispatched_at)) : undefined,
    }))
  }

  /** Queues again, or fails, a run whose process is gone: no heartbeat since `stale`. */
  async takeOver({ id, attempts }: Hold, stale: Date): Promise<'queued' | 'failed' | undefined> {
    const error = 'the process that ran it ended'
    const lost = (): Knex.QueryBuilder =>
      this.#table().where({ id, attempts, status: 'running' }).where('heartbeat_at', '<', stale)
    const again = { status: 'queued', run_after: this.#now(), dispatched_at: null, error }
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
