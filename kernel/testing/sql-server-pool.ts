import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../db/database.ts'
import { openMssql } from '../../db/dialects/mssql.ts'
import { migrate } from '../../db/migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS, type MigrationFile } from '../../db/migration-files.ts'
import { BUNDLED_PLUGINS } from '../plugins/bundled.ts'
import { resetScript } from './sql-server-reset.ts'
import { urlOf, type Worker, workerOf } from './sql-server-worker.ts'

/** A database on the tests' SQL Server that nobody else uses until it is released. */
export interface ClaimedDatabase {
  readonly url: string
  /** Open already, and kept open for the next test: its connections are warm. */
  readonly database: Database
  /** @param spoiled its tables are not what they were; default false */
  release(spoiled?: boolean): Promise<void>
}

const LOCK_MS = 120_000
const IN_USE_MS = 10_000
/** A test opens few connections, and many tests run at once. */
const CONNECTIONS = 4
/** Where a prepared database keeps what brings it back to its beginning. */
const NOTES = 'monozu_test_notes'

/** Opens a database of the tests. */
export const openTestServer = (url: string): Promise<Database> =>
  openMssql({ DATABASE_URL: url, SQL_POOL_SIZE: CONNECTIONS })

/**
 * Claims a database with every migration of the kernel and of the product's plugins, and without rows but theirs.
 * Databases are kept between tests and between runs, because emptying one is much faster than making one.
 */
export async function claimPrepared(server: string): Promise<ClaimedDatabase> {
  const worker = await workerOf(server)
  const name = await worker.take(migrationsMark())
  const url = urlOf(server, name)
  try {
    const database = await ready(worker, name, url)
    return {
      url,
      database,
      async release(spoiled = false) {
        if (spoiled) {
          await closeIn(worker, url)
          await drop(worker, name)
        }
        worker.giveBack(name)
      },
    }
  } catch (error) {
    await closeIn(worker, url)
    worker.giveBack(name)
    throw error
  }
}

async function ready(worker: Worker, name: string, url: string): Promise<Database> {
  const kept = worker.opened.get(url) ?? (await openTestServer(url))
  worker.opened.set(url, kept)
  if (await emptied(worker, name, kept)) return kept
  await closeIn(worker, url)
  await forgetOthers(worker)
  await create(worker, name)
  const made = await openTestServer(url)
  worker.opened.set(url, made)
  await prepare(made)
  return made
}

async function closeIn({ opened }: Worker, url: string): Promise<void> {
  const database = opened.get(url)
  opened.delete(url)
  await database?.close()
}

/** Claims a database without tables; it is dropped when it is released. */
export async function claimBare(server: string): Promise<ClaimedDatabase> {
  const worker = await workerOf(server)
  const name = await worker.take('bare')
  await create(worker, name)
  const url = urlOf(server, name)
  const database = await openTestServer(url)
  return {
    url,
    database,
    async release() {
      await database.close()
      await drop(worker, name)
      worker.giveBack(name)
    },
  }
}

/** Brings a prepared database back to its beginning; false when there is none, or when it was left half-made. */
async function emptied({ master }: Worker, name: string, database: Database): Promise<boolean> {
  const [found]: { id: number | null }[] = await master.knex.raw('SELECT DB_ID(?) AS id', [name])
  if (found?.id == null) return false
  const [note]: { reset: string }[] = await database.knex.raw(
    `IF OBJECT_ID(N'${NOTES}') IS NOT NULL SELECT reset FROM ${NOTES}`,
  )
  if (note) await database.knex.raw(note.reset)
  return note !== undefined
}

async function prepare(database: Database): Promise<void> {
  for (const [owner, migrations] of allMigrations()) await migrate(database, { migrations, owner })
  const reset = await resetScript(database.knex)
  await database.knex.raw(`CREATE TABLE ${NOTES} (reset nvarchar(max) NOT NULL)`)
  await database.knex(NOTES).insert({ reset })
}

/** Drops what a worker of this number left behind days ago, for migrations that are not these any more. */
async function forgetOthers(worker: Worker): Promise<void> {
  const kept: { name: string }[] = await worker.master.knex.raw(
    "SELECT name FROM sys.databases WHERE name LIKE N'monozu[_]tests[_]%' AND create_date < DATEADD(day, -2, GETDATE())",
  )
  const own = new RegExp(`^monozu_tests_(?!${migrationsMark()}_|bare_)\\w+_${worker.number}_\\d+$`)
  for (const { name } of kept) if (own.test(name)) await drop(worker, name)
}

/** Makes a database that reads committed rows beside those who write them, as Azure SQL does. */
async function create(worker: Worker, name: string): Promise<void> {
  const statements = [`DROP DATABASE IF EXISTS [${name}]`, `CREATE DATABASE [${name}]`]
  // Engines without row security are not SQL Server, and have no such switch.
  const isSqlServer = await worker.master.rowSecurity?.()
  if (isSqlServer) statements.push(`ALTER DATABASE [${name}] SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE`)
  await alone(worker, statements)
}

const drop = (worker: Worker, name: string): Promise<void> => alone(worker, [`DROP DATABASE IF EXISTS [${name}]`])

let before: Promise<unknown> = Promise.resolve()

/** One at a time on the whole server: some engines refuse to make two databases at once. */
function alone({ master }: Worker, statements: readonly string[]): Promise<void> {
  const turn = before.then(() =>
    master.exclusively('monozu_tests_databases', LOCK_MS, async () => {
      for (const statement of statements) await untilFree(() => master.knex.raw(statement))
    }),
  )
  before = turn.catch(() => undefined)
  return turn
}

/** The server may notice only later that nobody is connected to a database any more. */
async function untilFree(work: () => PromiseLike<unknown>): Promise<void> {
  const deadline = Date.now() + IN_USE_MS
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (Date.now() > deadline || !/currently in use/.test((error as Error).message)) throw error
      await sleep(50)
    }
  }
}

function allMigrations(): readonly (readonly [owner: string, migrations: readonly MigrationFile[]])[] {
  const plugins = readdirSync(BUNDLED_PLUGINS).map(
    name => [name, findMigrations(path.join(BUNDLED_PLUGINS, name, 'migrations'))] as const,
  )
  return [['kernel', findMigrations(KERNEL_MIGRATIONS)], ...plugins.filter(([, found]) => found.length > 0)]
}

/** Another one for every change of a migration, so that a changed tree finds no database of an older one. */
function migrationsMark(): string {
  const hash = createHash('sha256')
  for (const [owner, files] of allMigrations()) for (const file of files) hash.update(`${owner} ${file.rendered()}`)
  return hash.digest('hex').slice(0, 8)
}
