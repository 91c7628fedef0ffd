import type { Call } from '../contract.ts'
import { problem } from '../errors.ts'
import { readGranted } from './permission-set.ts'
import type { PermissionCatalogue } from './permissions.ts'

/**
 * The groups that the caller may put somebody in, each once: nobody grants what they lack.
 * @throws Problem `invalid` for a group that does not exist, `forbidden` for one that holds more than the caller
 */
export async function groupsToJoin(
  call: Call,
  catalogue: PermissionCatalogue,
  ids: readonly string[],
): Promise<string[]> {
  const wanted = [...new Set(ids)]
  if (wanted.length === 0) return []
  const rows: { id: string; permissions: string }[] = await call.db
    .table('groups')
    .whereIn('id', wanted)
    .select('id', 'permissions')
  const found = new Set(rows.map(row => row.id))
  const missing = ids.findIndex(id => !found.has(id))
  if (missing >= 0) {
    const errors = [{ path: `body.group_ids.${missing}`, message: 'no group has this id' }]
    throw problem('invalid', 'A group does not exist.', { errors })
  }
  catalogue.requireHeld(
    call,
    rows.flatMap(row => readGranted(row.permissions)),
  )
  return wanted
}
