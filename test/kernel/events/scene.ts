import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Database } from '../../../db/database.ts'
import { openSqlite } from '../../../db/dialects/sqlite.ts'
import { migrate } from '../../../db/migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS } from '../../../db/migration-files.ts'
import { newId } from '../../../kernel/data/id.ts'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import type { Log } from '../../../kernel/log/log.ts'

/** A migrated database in a file, and a clock that stands until it is moved. */
export interface Scene {
  readonly database: Database
  readonly db: PlatformDb
  readonly tenants: readonly [string, string, string]
  readonly lines: Line[]
  readonly log: Log
  now(): Date
  advance(ms: number): void
}

/** A line that was logged. */
export interface Line {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

const noTables: ReadonlySet<string> = new Set()
let template: Promise<string> | undefined

/** A scene of its own for each test; it goes with the test. */
export async function scene(t: ExecutionContext): Promise<Scene> {
  template ??= makeTemplate()
  const folder = mkdtempSync(path.join(tmpdir(), 'scene-'))
  const filename = path.join(folder, 'monozu.db')
  copyFileSync(await template, filename)
  const database = await openSqlite({ filename, synchronous: 'normal' })
  t.teardown(async () => {
    await database.close()
    rmSync(folder, { recursive: true })
  })
  const db = new PlatformDb(database, noTables)
  const rows: { id: string }[] = await db.table('tenants').select('id').orderBy('name')
  const [a, b, c] = rows.map(({ id }) => id) as [string, string, string]
  const lines: Line[] = []
  let time = Date.parse('2026-03-01T10:00:00.000Z')
  return {
    database,
    db,
    tenants: [a, b, c],
    lines,
    log: recorder(lines, {}),
    now: () => new Date(time),
    advance: ms => {
      time += ms
    },
  }
}

async function makeTemplate(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'scene-template-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const filename = path.join(folder, 'monozu.db')
  const database = await openSqlite({ filename, synchronous: 'normal' })
  await migrate(database, { migrations: findMigrations(KERNEL_MIGRATIONS) })
  const now = new Date('2026-01-01T00:00:00.000Z')
  for (const name of ['a', 'b', 'c']) {
    const tenant = { id: newId(), name, account_name: name, status: 'active', created_at: now, updated_at: now }
    await database.knex('tenants').insert(tenant)
  }
  await database.knex.raw('PRAGMA wal_checkpoint(TRUNCATE)')
  await database.close()
  return filename
}

function recorder(lines: Line[], context: Readonly<Record<string, unknown>>): Log {
  const method =
    (level: string) =>
    (first: string | Error | Readonly<Record<string, unknown>>, message?: string): void => {
      if (typeof first === 'string') lines.push({ level, fields: context, message: first })
      else if (first instanceof Error) lines.push({ level, fields: { ...context, err: first }, message: message ?? '' })
      else lines.push({ level, fields: { ...context, ...first }, message: message ?? '' })
    }
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    enabled: () => true,
    child: fields => recorder(lines, { ...context, ...fields }),
  }
}
