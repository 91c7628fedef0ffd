import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ImplementationFn, TestFn } from 'ava'
import type { Database } from '../../db/database.ts'
import { openSqlite } from '../../db/dialects/sqlite.ts'
import { migrate } from '../../db/migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS } from '../../db/migration-files.ts'
import { newId } from '../data/id.ts'
import { type ClaimedDatabase, claimBare, claimPrepared, openTestServer } from './sql-server-pool.ts'

/** The SQL Server that the tests run on; without it they run on SQLite. */
const server = process.env.DATABASE_URL || undefined
/** Whether they do. */
export const testsOnServer: boolean = server !== undefined

/** What a test does with a database while it runs. */
interface Ending {
  teardown(end: () => unknown): void
}

/** Statements after which a database is not what the next test expects. A migration's come through sp_executesql. */
const CHANGES_TABLES = /^(EXEC sys\.sp_executesql|CREATE|ALTER|DROP)\b/

/** A migrated, empty database for a kernel: in memory, or one on the tests' SQL Server. */
export async function kernelDatabase(): Promise<Database> {
  if (server !== undefined) return returning(await claimPrepared(server))
  memoryTemplate ??= serializedTemplate()
  return openSqlite({ filename: ':memory:', content: await memoryTemplate })
}

/** The migrated, empty database as bytes: to migrate anew for each kernel takes longer than all else of its start. */
let memoryTemplate: Promise<Buffer> | undefined

async function serializedTemplate(): Promise<Buffer> {
  const database = await openSqlite({ filename: ':memory:' })
  await migrate(database, { migrations: findMigrations(KERNEL_MIGRATIONS) })
  const { client } = database.knex
  const connection: Serializable = await client.acquireConnection()
  const content = connection.serialize()
  await client.releaseConnection(connection)
  await database.close()
  return content
}

interface Serializable {
  serialize(): Buffer
}

/** A database without tables. */
export async function bareDatabase(): Promise<Database> {
  return server === undefined ? openSqlite({ filename: ':memory:' }) : returning(await claimBare(server))
}

/** The URL of a database without tables that goes with a test; undefined where the tests run on SQLite. */
export async function bareServer(t: Ending): Promise<string | undefined> {
  if (server === undefined) return undefined
  const claimed = await claimBare(server)
  t.teardown(() => claimed.release())
  return claimed.url
}

/**
 * A migrated, empty database that goes with a test: a file, or a database on the tests' SQL Server.
 * @param migrations folders by the plugins whose tables are there beside the kernel's
 * @returns its path or URL, for `openPlace`, here or in another process
 */
export async function testPlace(t: Ending, migrations: Readonly<Record<string, string>> = {}): Promise<string> {
  if (server !== undefined) {
    const claimed = await claimPrepared(server)
    t.teardown(() => claimed.release())
    return claimed.url
  }
  const template = await templateWith(migrations)
  const folder = mkdtempSync(path.join(tmpdir(), 'monozu-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const filename = path.join(folder, 'test.db')
  copyFileSync(template, filename)
  return filename
}

/** Opens a place. */
export function openPlace(place: string): Promise<Database> {
  if (isServer(place)) return openTestServer(place)
  // Two handles in one thread cannot wait for each other: the one that comes second fails at once and tries again.
  return openSqlite({ filename: place, synchronous: 'normal', busyMs: 10 })
}

/**
 * Opens a place a second time, as another process would. The lock that keeps two processes off one file goes by its
 * name, and SQLite follows the link.
 */
export function openPlaceAgain(place: string): Promise<Database> {
  if (isServer(place)) return openTestServer(place)
  const link = `${place}.${newId()}`
  symlinkSync(place, link)
  return openPlace(link)
}

/** Opens a migrated, empty database of a test's own, until the test ends. */
export async function testDatabase(t: Ending, migrations?: Readonly<Record<string, string>>): Promise<Database> {
  const database = await openPlace(await testPlace(t, migrations))
  t.teardown(() => database.close())
  return database
}

/**
 * `test` for what only SQLite has; where the tests run on SQL Server it is skipped and says why.
 * @param why a few words behind "SQLite only:"
 */
export const sqliteTest =
  (test: TestFn, why: string) =>
  (title: string, run: ImplementationFn<[]>): void => {
    if (server === undefined) test(title, run)
    else test.skip(`${title} (SQLite only: ${why})`, run)
  }

const isServer = (place: string): boolean => /^\w+:\/\//.test(place)

/** The database that was claimed; closing it gives it back. */
function returning({ database, release }: ClaimedDatabase): Database {
  let spoiled = false
  let watching = true
  database.observe?.({
    statement(sql, run) {
      if (watching) spoiled ||= CHANGES_TABLES.test(sql)
      return run()
    },
  })
  return {
    ...database,
    observe(observer) {
      // It would see the next test's statements, too.
      spoiled = true
      database.observe?.(observer)
    },
    async close() {
      watching = false
      await release(spoiled)
    },
  }
}

const templates = new Map<string, Promise<string>>()

/** A migrated file, made once per process and copied for each test. */
function templateWith(migrations: Readonly<Record<string, string>>): Promise<string> {
  const key = JSON.stringify(migrations)
  const known = templates.get(key)
  if (known) return known
  const made = makeTemplate(migrations)
  templates.set(key, made)
  return made
}

async function makeTemplate(migrations: Readonly<Record<string, string>>): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'monozu-template-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const filename = path.join(folder, 'template.db')
  const database = await openSqlite({ filename, synchronous: 'normal' })
  await migrate(database, { migrations: findMigrations(KERNEL_MIGRATIONS) })
  for (const [owner, from] of Object.entries(migrations)) {
    await migrate(database, { migrations: findMigrations(from), owner })
  }
  await database.close()
  return filename
}
