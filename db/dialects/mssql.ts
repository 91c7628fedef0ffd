import { setTimeout as sleep } from 'node:timers/promises'
import knexModule, { type Knex } from 'knex'
import type { Binding, CompiledSql, Database, Dialect, Row } from '../database.ts'
import { MssqlClient, withSession } from './mssql-client.ts'
import { isForeignKeyViolation, isStorageFull, isTransient, isUniqueViolation } from './mssql-errors.ts'
import { holdingLock } from './mssql-lock.ts'
import { type MssqlConnection, type MssqlEnvironment, mssqlConnection, parseConnection } from './mssql-settings.ts'
import { mssqlUpsert } from './mssql-upsert.ts'

const UPSERT_ROWS = 1000
const REQUEST_TIMEOUT_MS = 60_000
const READ_TRIES = 4
const TENANTS_KEPT = 1000

/** SQL Server's answers to the questions of `Dialect`. */
export const mssqlDialect: Dialect = {
  name: 'mssql',
  isUniqueViolation,
  isForeignKeyViolation,
  isStorageFull,
  isTransient,
  async upsert(trx, table, rows, key, update) {
    const first = rows[0]
    if (!first) return
    const written = update ?? Object.keys(first).filter(column => !key.includes(column))
    for (let start = 0; start < rows.length; start += UPSERT_ROWS) {
      const { sql, json } = mssqlUpsert(table, rows.slice(start, start + UPSERT_ROWS), key, written)
      await trx.raw(sql, [json])
    }
  },
}

/** How SQL Server is reached; `DATABASE_URL_PLATFORM_ADMIN` is for platform work, the rest for that of tenants. */
export interface MssqlSettings extends MssqlEnvironment {
  readonly DATABASE_URL_PLATFORM_ADMIN?: string | undefined
}

/** Opens pools to a SQL Server. Connections are made on first use. */
export async function openMssql(settings: MssqlSettings): Promise<Database> {
  const pool = openPool(mssqlConnection(settings))
  const admin = settings.DATABASE_URL_PLATFORM_ADMIN
  const adminPool = admin ? openPool(parseConnection(admin, 'DATABASE_URL_PLATFORM_ADMIN')) : pool
  const platform = withSession(adminPool, 'platform')
  const tenants = new Map<string, Knex>()

  const forTenant = (tenantId: string): Knex => {
    const known = tenants.get(tenantId)
    if (known) return known
    if (tenants.size >= TENANTS_KEPT) tenants.clear()
    const made = withSession(pool, { tenantId })
    tenants.set(tenantId, made)
    return made
  }
  const sessionOf = (tenantId: string | undefined) => (tenantId === undefined ? platform : forTenant(tenantId))

  return {
    dialect: mssqlDialect,
    knex: platform,
    read: <T extends Row>(query: CompiledSql, bindings: readonly Binding[], tenantId?: string) =>
      repeated(async () => (await sessionOf(tenantId).raw(query.sql, bindings as Knex.RawBinding[])) as T[]),
    runIn: async <T extends Row>(trx: Knex.Transaction, query: CompiledSql, bindings: readonly Binding[]) =>
      (await trx.raw(query.sql, bindings as Knex.RawBinding[])) as T[],
    transaction: (tenantId, work) => sessionOf(tenantId).transaction(work),
    forTenant,
    exclusively: (name, timeoutMs, work) => holdingLock(platform, name, timeoutMs, work),
    async ping() {
      await platform.raw('SELECT 1 AS alive')
    },
    async close() {
      await pool.destroy()
      if (adminPool !== pool) await adminPool.destroy()
    },
  }
}

/** A Knex without a session: it sees no tenant's rows. Use it through `withSession`. */
function openPool(connection: MssqlConnection): Knex {
  return knexModule({
    client: MssqlClient as unknown as typeof Knex.Client,
    connection: {
      ...connection,
      requestTimeout: REQUEST_TIMEOUT_MS,
      options: { ...connection.options, lowerCaseGuids: true, useUTC: true },
    } as unknown as Knex.MsSqlConnectionConfig,
    compileSqlOnError: false,
    acquireConnectionTimeout: 30_000,
    pool: { min: 0, max: 20 },
  })
}

/** Repeats a read that failed for a passing reason, each time after a longer and random pause. */
async function repeated<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read()
    } catch (error) {
      if (attempt >= READ_TRIES || !isTransient(error)) throw error
      await sleep(Math.random() * 100 * 4 ** attempt)
    }
  }
}
