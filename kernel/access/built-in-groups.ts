import { newId } from '../data/id.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'
import { EVERYTHING, READING } from './permission-set.ts'

/** Value of `groups.built_in` for the group that may do everything. */
export const ADMIN = 'admin'

const GROUPS = [
  { built_in: ADMIN, name: 'Admin', permissions: [EVERYTHING] },
  { built_in: 'read_only', name: 'Read only', permissions: [READING] },
]

const activeAdmins = prepare<object, { total: number }>(from =>
  from
    .table('users')
    .join('user_groups', 'user_groups.user_id', 'users.id')
    .join('groups', 'groups.id', 'user_groups.group_id')
    .where('groups.built_in', ADMIN)
    .where('users.active', true)
    .count({ total: '*' }),
)

/** Gives a new tenant the groups that every tenant has; returns the id of `Admin`. */
export async function createBuiltInGroups(db: TenantDb, now: Date): Promise<string> {
  const rows = GROUPS.map(group => ({
    ...group,
    id: newId(),
    permissions: JSON.stringify(group.permissions),
    created_at: now,
    updated_at: now,
  }))
  for (const row of rows) await db.table('groups').insert(row)
  return rows.find(row => row.built_in === ADMIN)?.id as string
}

/**
 * To be asked in the transaction of a change, after it: a tenant without an active Admin could not be helped from inside.
 * @throws Problem `conflict`, which takes the change back
 */
export async function requireAnAdmin(db: TenantDb): Promise<void> {
  const counted = await db.first(activeAdmins, {})
  if (Number(counted?.total) > 0) return
  throw problem(
    'conflict',
    'The last active member of "Admin" cannot be removed or deactivated; add another one first.',
  )
}
