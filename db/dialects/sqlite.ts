import type BetterSqlite3 from 'better-sqlite3'
import Driver from 'better-sqlite3'
import knexModule, { type Knex } from 'knex'
import BaseClient from 'knex/lib/dialects/better-sqlite3/index.js'
import type { Binding, CompiledSql, Database, Dialect, Row } from '../database.ts'
import { observeAlso, observerOf, poolUse, type StatementWatch } from '../statement-watch.ts'
import { groupCommit } from './group-commit.ts'
import { transactionHandles } from './sqlite-transaction.ts'
import { StatementCache } from './statement-cache.ts'
import { scopedQueryCompiler } from './tenant-scope.ts'

const MAX_BINDINGS = 32_000
const BUSY_MS = 5_000

/** How an embedded database is opened. */
export interface SqliteSettings {
  /** Path of the file, or `:memory:`. */
  readonly filename: string
  /** What a database in memory begins with: the bytes of another one. */
  readonly content?: Buffer
  /**
   * `full` syncs the log on every commit: an acknowledged write survives a power cut.
   * `normal` syncs at checkpoints only: it survives the end of the process, not that of the machine.
   */
  readonly synchronous?: 'full' | 'normal'
  /** Milliseconds to wait while another process, such as a backup, holds the file; default 5,000. */
  readonly busyMs?: number
}

/** Thrown when a file cannot be opened as a database. */
export class DatabaseUnusable extends Error {
  override readonly name: string = 'DatabaseUnusable'
}

/** Thrown when another process already serves the file. */
export class DatabaseInUse extends DatabaseUnusable {
  override readonly name = 'DatabaseInUse'
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''

const sqliteBinding = (value: unknown): unknown => {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'boolean') return value ? 1 : 0
  return value === undefined ? null : value
}

const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``

/** Knex's client with prepared statements kept per connection, ISO times and the tenant predicate. */
class SqliteClient extends BaseClient {
  override async _query(connection: SqliteConnection, query: KnexQuery): Promise<KnexQuery> {
    const observer = observerOf(this)
    return observer ? observer.statement(query.sql, async () => execute(connection, query)) : execute(connection, query)
  }

  override async acquireRawConnection(): Promise<SqliteConnection> {
    return openConnection(this.connectionSettings as unknown as SqliteSettings)
  }

  override queryCompiler(builder: Knex.QueryBuilder, bindings: unknown): unknown {
    return super.queryCompiler(scopedQueryCompiler(builder), bindings)
  }
}

type SqliteConnection = BetterSqlite3.Database & { statements: StatementCache }
interface KnexQuery {
  sql: string
  bindings?: unknown[]
  response?: unknown
  context?: unknown
}

function execute(connection: SqliteConnection, query: KnexQuery): KnexQuery {
  const statement = connection.statements.get(query.sql)
  const bindings = query.bindings?.map(sqliteBinding) ?? []
  if (statement.reader) {
    query.response = statement.all(bindings)
    return query
  }
  const result = statement.run(bindings)
  query.response = result
  query.context = { lastID: result.lastInsertRowid, changes: result.changes }
  return query
}

function openConnection({
  filename,
  content,
  synchronous = 'full',
  busyMs = BUSY_MS,
}: SqliteSettings): SqliteConnection {
  const connection = new Driver(content ?? filename) as SqliteConnection
  connection.pragma('journal_mode = WAL')
  connection.pragma(`synchronous = ${synchronous}`)
  connection.pragma('foreign_keys = ON')
  connection.pragma(`busy_timeout = ${busyMs}`)
  connection.pragma('cache_size = -16000')
  connection.statements = new StatementCache(connection)
  return connection
}

/** SQLite's answers to the questions of `Dialect`. */
export const sqliteDialect: Dialect = {
  name: 'sqlite',
  isUniqueViolation: error => /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)$/.test(codeOf(error)),
  isForeignKeyViolation: error => codeOf(error) === 'SQLITE_CONSTRAINT_FOREIGNKEY',
  isStorageFull: error => /^SQLITE_(FULL|IOERR)/.test(codeOf(error)),
  isTransient: error => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error)),
  isUndone: () => false,
  isUnreadable: () => false,
  takeTurn: async () => undefined,
  async upsert(trx, table, rows, key, update) {
    const first = rows[0]
    if (!first) return
    const columns = Object.keys(first)
    const written = update ?? columns.filter(column => !key.includes(column))
    const action = written.length
      ? `DO UPDATE SET ${written.map(column => `${quote(column)} = excluded.${quote(column)}`).join(', ')}`
      : 'DO NOTHING'
    const values = `(${columns.map(() => '?').join(', ')})`
    const perBatch = Math.max(1, Math.min(200, Math.floor(MAX_BINDINGS / columns.length)))
    for (let start = 0; start < rows.length; start += perBatch) {
      const batch = rows.slice(start, start + perBatch)
      await trx.raw(
        `INSERT INTO ${quote(table)} (${columns.map(quote).join(', ')}) VALUES ${batch.map(() => values).join(', ')}` +
          ` ON CONFLICT (${key.map(quote).join(', ')}) ${action}`,
        batch.flatMap(row => columns.map(column => (row[column] ?? null) as Knex.RawBinding)),
      )
    }
  },
}

/**
 * Opens an embedded database: one writing connection for Knex, one reading connection for compiled queries.
 * A file can be served by one process at a time; the lock goes with the process, however it ends.
 * @throws DatabaseInUse when another process serves the same file
 * @throws DatabaseUnusable when it is no database, or damaged, or may not be written
 */
export async function openSqlite(settings: SqliteSettings): Promise<Database> {
  const inMemory = settings.filename === ':memory:'
  const lock = inMemory ? undefined : lockFile(settings.filename)
  try {
    if (!inMemory) requireUsable(settings.filename)
  } catch (error) {
    lock?.close()
    throw error
  }
  const watch: StatementWatch = { observer: undefined }
  const config: Knex.Config & { watch: StatementWatch } = {
    watch,
    client: SqliteClient as unknown as typeof Knex.Client,
    connection: { ...settings },
    useNullAsDefault: true,
    compileSqlOnError: false,
    acquireConnectionTimeout: 30_000,
    pool: { min: 1, max: 1, idleTimeoutMillis: 2 ** 31 - 1 },
  }
  const knex = knexModule(config)
  await knex.raw('SELECT 1')
  const handles = transactionHandles<SqliteConnection>(knex)
  const step = (sql: string) => (connection: SqliteConnection) => void connection.statements.get(sql).run()
  const transact = groupCommit<SqliteConnection>({
    acquire: () => knex.client.acquireConnection(),
    release: connection => knex.client.releaseConnection(connection),
    begin: step('BEGIN'),
    savepoint: step('SAVEPOINT joined'),
    undoToSavepoint: step('ROLLBACK TO joined'),
    releaseSavepoint: step('RELEASE joined'),
    commit: step('COMMIT'),
    rollback: step('ROLLBACK'),
    isOpen: connection => connection.inTransaction,
  })
  const reader = inMemory ? undefined : openReader(settings)
  const exclusive = new Map<string, Promise<unknown>>()

  const readInMemory = async <T extends Row>(query: CompiledSql, bindings: readonly Binding[]): Promise<T[]> =>
    (await knex.raw(query.sql, bindings as Knex.RawBinding[])) as T[]
  const readFromFile = <T extends Row>(query: CompiledSql, bindings: readonly Binding[]): Promise<T[]> => {
    try {
      return Promise.resolve(reader?.get(query.sql).all(bindings.map(sqliteBinding)) as T[])
    } catch (error) {
      return Promise.reject(error)
    }
  }

  const runIn = async <T extends Row>(trx: Knex.Transaction, query: CompiledSql, bindings: readonly Binding[]) => {
    const statement = handles.connectionOf(trx).statements.get(query.sql)
    const values = bindings.map(sqliteBinding)
    if (statement.reader) return statement.all(values) as T[]
    statement.run(values)
    return []
  }

  return {
    dialect: sqliteDialect,
    knex,
    read: !reader
      ? readInMemory
      : (query, bindings) =>
          watch.observer
            ? watch.observer.statement(query.sql, () => readFromFile(query, bindings))
            : readFromFile(query, bindings),
    runIn: (trx, query, bindings) =>
      watch.observer
        ? watch.observer.statement(query.sql, () => runIn(trx, query, bindings))
        : runIn(trx, query, bindings),
    observe: observer => observeAlso(watch, observer),
    pools: () => [poolUse('writer', knex)],
    transaction: (_tenantId, work, options) => transact(connection => handles.perform(connection, work), options),
    forTenant: () => knex,
    async exclusively(name, timeoutMs, work) {
      const before = exclusive.get(name) ?? Promise.resolve()
      const turn = before.then(work, work)
      exclusive.set(
        name,
        turn.catch(() => undefined),
      )
      const deadline = new Promise<never>((_resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`lock "${name}" was not free within ${timeoutMs} ms`)),
          timeoutMs,
        )
        before.finally(() => clearTimeout(timer)).catch(() => undefined)
      })
      return Promise.race([turn, deadline])
    },
    async ping() {
      // Beside the writer: an import of a minute does not make the database one that does not answer.
      if (reader) await readFromFile({ sql: 'SELECT 1 FROM sqlite_master LIMIT 1', method: 'select' }, [])
      else await knex.raw('SELECT 1')
    },
    async close() {
      reader?.close()
      await knex.destroy()
      lock?.close()
    },
  }
}

/** Says what is wrong with a file before a pool tries again and again to open it. */
function requireUsable(filename: string): void {
  try {
    openConnection({ filename }).close()
  } catch (error) {
    throw unusable(filename, error)
  }
}

const unusable = (filename: string, error: unknown): DatabaseUnusable =>
  new DatabaseUnusable(
    `${filename} cannot be used as a database (${(error as Error).message}). Put back a backup of it and of its -wal ` +
      'file, or start with another DATA_DIR.',
    { cause: error },
  )

function openReader({ filename }: SqliteSettings): StatementCache {
  const connection = new Driver(filename, { readonly: true })
  connection.pragma(`busy_timeout = ${BUSY_MS}`)
  connection.pragma('cache_size = -16000')
  return new StatementCache(connection)
}

/** The lock is an exclusive transaction on a file beside the database, so the system frees it when the process dies. */
function lockFile(filename: string): BetterSqlite3.Database {
  let lock: BetterSqlite3.Database | undefined
  try {
    lock = new Driver(`${filename}.lock`, { timeout: 0 })
    lock.pragma('journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    if (!codeOf(error).startsWith('SQLITE_BUSY')) throw unusable(filename, error)
    throw new DatabaseInUse(
      `another process is using ${filename}. Stop it first, or start this one with another DATA_DIR. ` +
        'Several instances need SQL Server (DATABASE_URL).',
    )
  }
}
