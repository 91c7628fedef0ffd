import type { Knex } from 'knex'
import type { Database, Dialect, Row } from '../../db/database.ts'
import { scopeToShared, scopeToTenant, TenantEscape } from '../../db/dialects/tenant-scope.ts'
import { type PreparedQuery, type QueryScope, tenantParam } from './prepared.ts'
import { TransactionSlot } from './transaction-slot.ts'

/** The kernel's way to a table that belongs to no tenant, in the transaction under way: not for plugins. */
export let knexOf: (db: TenantDb) => Knex

/**
 * The database as one tenant sees it. Every query built from `table` carries the tenant's predicate, put on when it is
 * compiled, so that nothing done to the builder takes it off; inserted rows carry the tenant.
 */
export class TenantDb {
  readonly tenantId: string
  readonly #database: Database
  readonly #shared: ReadonlySet<string>
  readonly #slot: TransactionSlot

  constructor(
    database: Database,
    tenantId: string,
    shared: ReadonlySet<string>,
    slot: TransactionSlot = new TransactionSlot(database),
  ) {
    this.#database = database
    this.tenantId = tenantId
    this.#shared = shared
    this.#slot = slot
  }

  get dialect(): Dialect {
    return this.#database.dialect
  }

  /** A query on the tenant's rows of a table. */
  table(name: string): Knex.QueryBuilder {
    return scopeToTenant(this.#knex()(name), { table: name, tenantId: this.tenantId, shared: this.#shared })
  }

  /**
   * A query that reads a table which belongs to no tenant, such as the CVE catalogue. Writes are refused when it runs:
   * they would be every tenant's.
   */
  shared(name: string): Knex.QueryBuilder {
    return this.#sharedTable(this.#knex(), name, this.tenantId)
  }

  /** All rows of a prepared query. */
  all<V extends object, R>(query: PreparedQuery<V, R>, values: V): Promise<R[]> {
    const plan = query.plan(this.#database, 'tenant', () => this.#compileScope())
    const bindings = plan.bind(values as Record<string, unknown>, this.tenantId)
    const trx = this.#slot.current
    if (trx) return this.#database.runIn(trx, plan, bindings) as unknown as Promise<R[]>
    return this.#database.read(plan, bindings, this.tenantId) as Promise<R[]>
  }

  /** The first row of a prepared query. */
  async first<V extends object, R>(query: PreparedQuery<V, R>, values: V): Promise<R | undefined> {
    return (await this.all(query, values))[0]
  }

  /**
   * Inserts the tenant's rows, or updates those whose key exists (see `Dialect.upsert`).
   * @throws TenantEscape when it may update and `key` lacks `tenant_id`: the row found could be another tenant's
   */
  async upsert(table: string, rows: readonly Row[], key: readonly string[], update?: readonly string[]): Promise<void> {
    if (update?.length !== 0 && !key.includes('tenant_id')) {
      throw new TenantEscape(`an upsert into ${table} that updates must have tenant_id in its key`)
    }
    const owned = rows.map(row => ({ ...row, tenant_id: this.tenantId }))
    return this.transaction(() => this.#database.dialect.upsert(this.#knex(), table, owned, key, update))
  }

  /** Runs `work` in one transaction; inside another it joins that one. Never run two at once in a call. */
  transaction<T>(work: () => Promise<T>): Promise<T> {
    return this.#slot.run(this.tenantId, work)
  }

  /**
   * Until the transaction under way ends, no other one of this tenant takes the same turn: for work that looks for what is
   * missing and then adds it, where no unique key decides.
   */
  async takeTurn(name: string): Promise<void> {
    const trx = this.#slot.current
    if (!trx) throw new Error(`a turn ("${name}") is taken in a transaction`)
    await this.#database.dialect.takeTurn(trx, `${this.tenantId} ${name}`)
  }

  /** Calls `hook` when the transaction under way has committed; at once outside one. */
  afterCommit(hook: () => void): void {
    this.#slot.afterCommit(hook)
  }

  #knex(): Knex {
    return this.#slot.current ?? this.#database.forTenant(this.tenantId)
  }

  #compileScope(): QueryScope {
    return {
      table: name =>
        scopeToTenant(this.#database.knex(name), { table: name, tenantId: tenantParam, shared: this.#shared }),
      shared: name => this.#sharedTable(this.#database.knex, name, tenantParam),
    }
  }

  #sharedTable(knex: Knex, table: string, tenantId: unknown): Knex.QueryBuilder {
    if (!this.#shared.has(table)) {
      throw new Error(`table "${table}" is not in any plugin's sharedTables; a tenant's table is read with table()`)
    }
    return scopeToShared(knex(table), { table, tenantId, shared: this.#shared })
  }

  static {
    knexOf = db => db.#knex()
  }
}
