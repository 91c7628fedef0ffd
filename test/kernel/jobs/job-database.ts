import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Database } from '../../../db/database.ts'
import { openSqlite } from '../../../db/dialects/sqlite.ts'
import { migrate } from '../../../db/migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS } from '../../../db/migration-files.ts'
import { newId } from '../../../kernel/data/id.ts'

let template: Promise<string> | undefined

/** A migrated database file, made once per process and copied for each test. */
async function makeTemplate(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'jobs-template-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const filename = path.join(folder, 'template.db')
  const database = await openSqlite({ filename, synchronous: 'normal' })
  await migrate(database, { migrations: findMigrations(KERNEL_MIGRATIONS) })
  await database.close()
  return filename
}

/** An empty, migrated database file of the test's own, deleted after it. */
export async function databaseFile(t: ExecutionContext): Promise<string> {
  template ??= makeTemplate()
  const folder = mkdtempSync(path.join(tmpdir(), 'jobs-'))
  const filename = path.join(folder, 'jobs.db')
  copyFileSync(await template, filename)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return filename
}

/** Opens a database file until the end of the test. */
export async function open(t: ExecutionContext, filename: string): Promise<Database> {
  // Two handles in one thread cannot wait for each other: the one that comes second fails at once and tries again.
  const database = await openSqlite({ filename, synchronous: 'normal', busyMs: 10 })
  t.teardown(() => database.close())
  return database
}

/**
 * Opens the same file a second time, as another process would. The lock that keeps two processes off one file goes by
 * its name, and SQLite follows the link.
 */
export async function openAgain(t: ExecutionContext, filename: string): Promise<Database> {
  const link = `${filename}.${newId()}`
  symlinkSync(filename, link)
  return open(t, link)
}

/** An empty database of the test's own. */
export const emptyDatabase = async (t: ExecutionContext): Promise<Database> => open(t, await databaseFile(t))

/** Adds a tenant; answers its id. */
export async function addTenant(database: Database): Promise<string> {
  const id = newId()
  const now = new Date()
  await database.knex('tenants').insert({ id, name: id, account_name: id, created_at: now, updated_at: now })
  return id
}
