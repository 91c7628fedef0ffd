import type { Knex } from 'knex'
import type { Database, Dialect, Row, TransactionOptions } from '../../db/database.ts'
import type { PreparedQuery } from './prepared.ts'
import { TenantDb } from './tenant-db.ts'
import { TransactionSlot } from './transaction-slot.ts'

/** The database without a tenant: sign-in, webhooks, global catalogues and jobs across tenants. Use it in few places. */
export class PlatformDb {
  readonly #database: Database
  readonly #shared: ReadonlySet<string>
  readonly #slot: TransactionSlot

  constructor(database: Database, shared: ReadonlySet<string>, slot: TransactionSlot = new TransactionSlot(database)) {
    this.#database = database
    this.#shared = shared
    this.#slot = slot
  }

  get dialect(): Dialect {
    return this.#database.dialect
  }

  /** A query on all rows of a table, whosever they are. */
  table(name: string): Knex.QueryBuilder {
    return this.#knex()(name)
  }

  /** The transaction under way, or the pool: for SQL that Knex cannot build. */
  get knex(): Knex {
    return this.#knex()
  }

  all<V extends object, R>(query: PreparedQuery<V, R>, values: V): Promise<R[]> {
    const builders = (name: string): Knex.QueryBuilder => this.#database.knex(name)
    const plan = query.plan(this.#database, 'platform', () => ({ table: builders, shared: builders }))
    const bindings = plan.bind(values as Record<string, unknown>, undefined)
    const trx = this.#slot.current
    if (trx) return this.#database.runIn(trx, plan, bindings) as unknown as Promise<R[]>
    return this.#database.read(plan, bindings) as Promise<R[]>
  }

  async first<V extends object, R>(query: PreparedQuery<V, R>, values: V): Promise<R | undefined> {
    return (await this.all(query, values))[0]
  }

  upsert(table: string, rows: readonly Row[], key: readonly string[], update?: readonly string[]): Promise<void> {
    return this.transaction(() => this.#database.dialect.upsert(this.#knex(), table, rows, key, update))
  }

  transaction<T>(work: () => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.#slot.run(undefined, work, options)
  }

  afterCommit(hook: () => void): void {
    this.#slot.afterCommit(hook)
  }

  /** The same database, and the same transaction, as one tenant sees it. */
  forTenant(tenantId: string): TenantDb {
    return new TenantDb(this.#database, tenantId, this.#shared, this.#slot)
  }

  #knex(): Knex {
    return this.#slot.current ?? this.#database.knex
  }
}
