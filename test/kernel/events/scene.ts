import type { ExecutionContext } from 'ava'
import type { Database } from '../../../db/database.ts'
import { newId } from '../../../kernel/data/id.ts'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import type { Log } from '../../../kernel/log/log.ts'
import { testDatabase } from '../../../kernel/testing/test-database.ts'

/** A migrated database, and a clock that stands until it is moved. */
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

/** A scene of its own for each test; it goes with the test. */
export async function scene(t: ExecutionContext): Promise<Scene> {
  const database = await testDatabase(t)
  const db = new PlatformDb(database, noTables)
  const tenants = [newId(), newId(), newId()] as const
  for (const [index, id] of tenants.entries()) await addTenant(database, id, 'abc'.charAt(index))
  const lines: Line[] = []
  let time = Date.parse('2026-03-01T10:00:00.000Z')
  return {
    database,
    db,
    tenants,
    lines,
    log: recorder(lines, {}),
    now: () => new Date(time),
    advance: ms => {
      time += ms
    },
  }
}

async function addTenant({ knex }: Database, id: string, name: string): Promise<void> {
  const now = new Date('2026-01-01T00:00:00.000Z')
  await knex('tenants').insert({ id, name, account_name: name, status: 'active', created_at: now, updated_at: now })
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
