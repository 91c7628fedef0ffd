import knexModule, { type Knex } from 'knex'
import {
  type MssqlConnection,
  type MssqlEnvironment,
  mssqlConnection,
  parseConnection,
} from '../../config/sql-server-connection.ts'
import type { Binding, CompiledSql, Database, Dialect, Row } from '../database.ts'
import { observeAlso, poolUse, type StatementWatch } from '../statement-watch.ts'
import { azureCredential } from './azure-credential.ts'
import { MssqlClient, withSession } from './mssql-client.ts'
import { engineOf } from './mssql-engine.ts'
import {
  isForeignKeyViolation,
  isStorageFull,
  isTransient,
  isUndone,
  isUniqueViolation,
  isUnreadable,
} from './mssql-errors.ts'
import { holdingLock, lockInTransaction } from './mssql-lock.ts'
import { repeated } from './mssql-repeat.ts'
import { mssqlUpsert, mssqlUpsertOfValues } from './mssql-upsert.ts'

const UPSERT_ROWS = 1000
const UPSERT_VALUES = 2000
const REQUEST_TIMEOUT_MS = 60_000
const POOL_SIZE = 20
const POOL_WAIT_SECONDS = 15
const TENANTS_KEPT = 1000

/** SQL Server's answers to the questions of `Dialect`. */
export const mssqlDialect: Dialect = {
  name: 'mssql',
  isUniqueViolation,
  isForeignKeyViolation,
  isStorageFull,
  isTransient,
  isUndone,
  isUnreadable,
  takeTurn: lockInTransaction,
  async upsert(trx, table, rows, key, update) {
    const first = rows[0]
    if (!first) return
    const written = update ?? Object.keys(first).filter(column => !key.includes(column))
    const { json: readsJson } = await engineOf(trx)
    const size = readsJson ? UPSERT_ROWS : Math.floor(UPSERT_VALUES / Object.keys(first).length)
    for (let start = 0; start < rows.length; start += size) {
      const batch = rows.slice(start, start + size)
      if (readsJson) {
        const { sql, json } = mssqlUpsert(table, batch, key, written)
        await trx.raw(sql, [json])
      } else {
        const { sql, values } = mssqlUpsertOfValues(table, batch, key, written)
        await trx.raw(sql, values as Knex.RawBinding[])
      }
    }
  },
}

/** How SQL Server is reached; `DATABASE_URL_PLATFORM_ADMIN` is for platform work, the rest for that of tenants. */
export interface MssqlSettings extends MssqlEnvironment {
  readonly DATABASE_URL_PLATFORM_ADMIN?: string | undefined
  /** Most connections of a pool; default 20. */
  readonly SQL_POOL_SIZE?: number | undefined
  /** How long work waits for a connection; default 15. */
  readonly SQL_POOL_WAIT_SECONDS?: number | undefined
}

/** Opens pools to a SQL Server. Connections are made on first use. */
export async function openMssql(settings: MssqlSettings): Promise<Database> {
  const limits = {
    size: settings.SQL_POOL_SIZE ?? POOL_SIZE,
    waitMs: 1000 * (settings.SQL_POOL_WAIT_SECONDS ?? POOL_WAIT_SECONDS),
  }
  const watch: StatementWatch = { observer: undefined }
  const pool = openPool(mssqlConnection(settings), limits, watch)
  const admin = settings.DATABASE_URL_PLATFORM_ADMIN
  const adminPool = admin ? openPool(parseConnection(admin, 'DATABASE_URL_PLATFORM_ADMIN'), limits, watch) : pool
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
    async read<T extends Row>(query: CompiledSql, bindings: readonly Binding[], tenantId?: string) {
      const once = () => run<T>(sessionOf(tenantId), query, bindings)
      return query.method === 'select' ? repeated(once) : once()
    },
    runIn: (trx, query, bindings) => run(trx, query, bindings),
    async transaction(tenantId, work) {
      let begun = false
      const whole = () =>
        sessionOf(tenantId).transaction(trx => {
          begun = true
          return work(trx)
        })
      return repeated(
        () => whole().catch(throwOriginal),
        () => !begun,
      )
    },
    forTenant,
    exclusively: (name, timeoutMs, work) => holdingLock(platform, name, timeoutMs, work),
    rowSecurity: async () => (await engineOf(platform)).rowSecurity,
    observe: observer => observeAlso(watch, observer),
    pools: () =>
      adminPool === pool ? [poolUse('all', pool)] : [poolUse('tenants', pool), poolUse('platform', adminPool)],
    async ping() {
      await platform.raw('SELECT 1 AS alive')
    },
    async close() {
      await pool.destroy()
      if (adminPool !== pool) await adminPool.destroy()
    },
  }
}

interface PoolLimits {
  /** Most connections. */
  readonly size: number
  readonly waitMs: number
}

/** A Knex without a session: it sees no tenant's rows. Use it through `withSession`. */
function openPool(connection: MssqlConnection, limits: PoolLimits, watch: StatementWatch): Knex {
  const { type, clientId, ...reached } = connection
  const signIn = type === undefined ? {} : { type: 'token-credential', credential: azureCredential(clientId) }
  const config: Knex.Config & { watch: StatementWatch } = {
    watch,
    client: MssqlClient as unknown as typeof Knex.Client,
    connection: {
      ...reached,
      ...signIn,
      requestTimeout: REQUEST_TIMEOUT_MS,
      options: { ...reached.options, lowerCaseGuids: true, useUTC: true },
    } as unknown as Knex.MsSqlConnectionConfig,
    compileSqlOnError: false,
    acquireConnectionTimeout: limits.waitMs,
    pool: { min: 0, max: limits.size },
  }
  return knexModule(config)
}

/** Where the connection is gone, the rollback fails, too: Knex throws that, and keeps what happened in a property. */
function throwOriginal(error: unknown): never {
  const { originalError } = Object(error) as { originalError?: unknown }
  throw originalError ?? error
}

/** Knex ends a write with `select @@rowcount`: a number, not a row. */
async function run<T extends Row>(knex: Knex, { sql, method }: CompiledSql, bindings: readonly Binding[]) {
  const rows = (await knex.raw(sql, bindings as Knex.RawBinding[])) as T[]
  return method === 'select' ? rows : []
}
