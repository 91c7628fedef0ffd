import type { TenantDb } from '../../data/tenant-db.ts'
import { permissionsOf } from '../authenticator.ts'
import { readGranted } from '../permission-set.ts'
import type { PermissionCatalogue } from '../permissions.ts'
import type { Permissions } from '../principal.ts'
import type { OpenInvitation } from './invitation-rows.ts'

/** The groups of an invitation that there still are, and that whoever invited could still put somebody in. */
export async function invitedGroups(
  db: TenantDb,
  catalogue: PermissionCatalogue,
  { groupIds, invitedBy }: Pick<OpenInvitation, 'groupIds' | 'invitedBy'>,
): Promise<string[]> {
  const rows: { id: string; permissions: string }[] = await db
    .table('groups')
    .whereIn('id', groupIds)
    .select('id', 'permissions')
  if (invitedBy === null) return rows.map(({ id }) => id)
  const inviter = await db.table('users').where({ id: invitedBy, active: true }).first('id')
  const held: Permissions = inviter ? await permissionsOf(db, invitedBy) : { has: () => false }
  return rows
    .filter(({ permissions }) =>
      catalogue.expand(db.tenantId, readGranted(permissions)).every(key => held.has(key as never)),
    )
    .map(({ id }) => id)
}
