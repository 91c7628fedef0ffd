import { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import { knexOf, type TenantDb } from '../data/tenant-db.ts'

/** What has a row in the table `revisions`: licences and features; users, groups and sessions. */
export type RevisionName = 'features' | 'access'

const byName = prepare<{ name: string }, { value: number | string }>((from, v) =>
  from.shared('revisions').select('value').where('name', v.name),
)

/** The number that rises with each change; an instance that holds a lower one is behind. */
export async function readRevision(db: PlatformDb | TenantDb, name: RevisionName): Promise<number> {
  const row = await db.first(byName, { name })
  if (!row) throw new Error(`table "revisions" has no row "${name}"; migration V30 makes it`)
  return Number(row.value)
}

/**
 * Raises a revision in the transaction of the caller, and returns the new number. The row stays locked until the
 * transaction ends, so changes of one name come one after the other on every database: check rules after this.
 * A tenant's call needs `revisions` in its plugin's `sharedTables`, to read the number.
 */
export async function bumpRevision(db: PlatformDb | TenantDb, name: RevisionName): Promise<number> {
  const rows = db instanceof PlatformDb ? db.table('revisions') : knexOf(db)('revisions')
  await rows.where('name', name).increment('value', 1)
  return readRevision(db, name)
}
