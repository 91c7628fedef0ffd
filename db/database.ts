import type { Knex } from 'knex'

/** A value that both databases can bind: dates become ISO 8601 text on SQLite and datetime2 on SQL Server. */
export type Binding = string | number | bigint | boolean | Date | Buffer | null

/** A row as the driver gives it. Times are ISO 8601 UTC text on both databases, booleans 0/1 on SQLite. */
export type Row = Record<string, unknown>

/** SQL with `?` for each value, built once and executed many times. */
export interface CompiledSql {
  readonly sql: string
  readonly method: 'select' | 'insert' | 'update' | 'del'
}

/** What differs between the databases, and nothing else. */
export interface Dialect {
  readonly name: 'sqlite' | 'mssql'
  /** True for a violated primary key, unique index or unique constraint. */
  isUniqueViolation(error: unknown): boolean
  /** True for a violated foreign key. */
  isForeignKeyViolation(error: unknown): boolean
  /** True when the database has no room left to write. */
  isStorageFull(error: unknown): boolean
  /** True when the same work may succeed if repeated: deadlock victim, throttled, dropped connection, busy. */
  isTransient(error: unknown): boolean
  /** True when the database has undone a whole transaction by itself, so that all of it may run again: a deadlock. */
  isUndone(error: unknown): boolean
  /** True when a value could not be converted to the type of the column it was compared with. Never on SQLite. */
  isUnreadable(error: unknown): boolean
  /**
   * Holds a named lock until the transaction ends, for work that looks for what is missing and then adds it. SQLite has
   * one writer at a time, which is the same.
   */
  takeTurn(trx: Knex, name: string): Promise<void>
  /**
   * Inserts rows, or updates those whose key exists. All rows have the same columns.
   * Splits into batches that fit the database's limit of bindings. Run it inside a transaction.
   * @param update columns to write when the key exists; default: every column outside the key. `[]` keeps the old row.
   */
  upsert(
    trx: Knex | Knex.Transaction,
    table: string,
    rows: readonly Row[],
    key: readonly string[],
    update?: readonly string[],
  ): Promise<void>
}

/** How a transaction is run. */
export interface TransactionOptions {
  /** It waits for nothing but the database: not for a client, a network, a password's hash. */
  readonly short?: boolean
}

/** Sees every statement that is sent to a database, except those that begin and end a transaction. */
export interface StatementObserver {
  /** Calls `run`, which sends `sql`, and gives back what it gives. */
  statement<T>(sql: string, run: () => Promise<T>): Promise<T>
}

/** How a pool of connections is used. */
export interface PoolUse {
  readonly name: string
  readonly used: number
  readonly idle: number
  /** Work that waits for a connection. */
  readonly waiting: number
  readonly max: number
}

/** One open database: a writer (Knex) and a path for compiled reads. */
export interface Database {
  readonly dialect: Dialect
  /** Every write, and every read inside a transaction, goes through here. */
  readonly knex: Knex
  /**
   * Runs a compiled query outside any transaction; without a tenant it is platform work.
   * SQLite: a cached prepared statement on a read connection of its own, so that reads never wait for a writer.
   */
  read<T extends Row>(query: CompiledSql, bindings: readonly Binding[], tenantId?: string): Promise<T[]>
  /** Runs a compiled query in a transaction; what is no select gives no rows. */
  runIn<T extends Row>(trx: Knex.Transaction, query: CompiledSql, bindings: readonly Binding[]): Promise<T[]>
  /**
   * Runs `work` in a transaction; commits when it resolves, rolls back when it throws.
   * SQLite: a `short` one, which waits for nothing but the database, may share its commit with others that wait.
   * On SQL Server `tenantId` becomes SESSION_CONTEXT(N'tenant_id') of every batch; undefined is platform work.
   */
  transaction<T>(
    tenantId: string | undefined,
    work: (trx: Knex.Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>
  /** A Knex instance whose batches carry the tenant's session context. SQLite: `knex` itself. */
  forTenant(tenantId: string): Knex
  /** Runs `work` while holding a named lock across all instances; waits up to `timeoutMs`, then throws. */
  exclusively<T>(name: string, timeoutMs: number, work: () => Promise<T>): Promise<T>
  /**
   * Whether the engine can keep tenants apart itself, by row-level security, beside the predicate of every query.
   * Absent where nobody expects it: on SQLite.
   */
  rowSecurity?(): Promise<boolean>
  /** Shows every statement from now on to one more observer. */
  observe?(observer: StatementObserver): void
  /** The pools, as they are now. */
  pools?(): readonly PoolUse[]
  /** Rejects when the database cannot answer. */
  ping(): Promise<void>
  close(): Promise<void>
}
