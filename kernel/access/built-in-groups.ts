import { newId } from '../data/id.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'
import { EVERYTHING, READING } from './permission-set.ts'
import { domainOf, readTenantPolicy } from './tenant-policy.ts'

/** Value of `groups.built_in` for the group that may do everything. */
export const ADMIN = 'admin'

const GROUPS = [
  { built_in: ADMIN, name: 'Admin', permissions: [EVERYTHING] },
  { built_in: 'read_only', name: 'Read only', permissions: [READING] },
]

const activeAdmins = prepare<object, { email: string }>(from =>
  from
    .table('users')
    .join('user_groups', 'user_groups.user_id', 'users.id')
    .join('groups', 'groups.id', 'user_groups.group_id')
    .where('groups.built_in', ADMIN)
    .where('users.active', true)
    .select('users.email'),
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
 * To be asked in the transaction of a change, after it: a tenant without an active Admin who may log in could not be helped
 * from inside.
 * @throws Problem `conflict`, which takes the change back
 */
export async function requireAnAdmin(db: TenantDb): Promise<void> {
  const { allowedEmailDomains: allowed } = await readTenantPolicy(db)
  const admins = await db.all(activeAdmins, {})
  if (admins.some(({ email }) => allowed.length === 0 || allowed.includes(domainOf(email)))) return
  throw problem(
    'conflict',
    admins.length === 0
      ? 'The last active member of "Admin" cannot be removed or deactivated; add another one first.'
      : 'Of the other members of "Admin" nobody has an address of a domain that may log in; add one first.',
  )
}
