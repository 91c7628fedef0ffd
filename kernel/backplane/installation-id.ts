import { randomInt } from 'node:crypto'
import type { Database } from '../../db/database.ts'
import { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'

/** The largest number that both databases and JavaScript hold exactly, and `randomInt` takes. */
const MOST = 2 ** 48 - 1

const stored = prepare<Record<never, never>, { value: number | string }>(from =>
  from.table('revisions').select('value').where('name', 'installation'),
)

/** What tells this database from others, the same for all instances that work on it; made when it is first asked for. */
export async function installationId(database: Database): Promise<string> {
  const db = new PlatformDb(database, new Set())
  let row = await db.first(stored, {})
  if (!row) {
    await db.upsert('revisions', [{ name: 'installation', value: randomInt(1, MOST) }], ['name'], [])
    row = await db.first(stored, {})
  }
  if (!row) throw new Error('the row "installation" is missing from the table revisions')
  return Number(row.value).toString(36)
}
