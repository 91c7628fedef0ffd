import { PermissionSet, readGranted } from '../access/permission-set.ts'
import type { PermissionKey } from '../contract.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import type { QueuedNotice } from './notice.ts'

/** Users that are looked at together, and told in one transaction. */
const AT_ONCE = 100
/** Groups that one statement names. */
const GROUPS_AT_ONCE = 500

/** Somebody to tell. */
export interface Recipient {
  readonly id: string
  readonly email: string
  /**
   * Whether mail may go to the address: its owner has shown that it is theirs, or an administrator of the tenant set it.
   * Else it is what a stranger typed into a form, and we would write to whomever they like.
   */
  readonly mailable: boolean
}

interface UserRow {
  readonly id: string
  readonly email: string
  readonly email_verified_at: string | null
  readonly email_set_by: string | null
}

/** The active users of the tenant that a notice is for, a hundred at a time. Somebody may be in it more than once. */
export async function* recipientsOf(db: TenantDb, to: QueuedNotice['to']): AsyncGenerator<Recipient[]> {
  if ('users' in to) {
    const ids = [...new Set(to.users)]
    for (const batch of batches(ids, AT_ONCE)) yield await found(active(db).whereIn('users.id', batch))
    return
  }
  for (const groups of batches(await groupsWith(db, to.permission), GROUPS_AT_ONCE)) yield* membersOf(db, groups)
}

async function* membersOf(db: TenantDb, groups: readonly string[]): AsyncGenerator<Recipient[]> {
  let last: string | undefined
  do {
    const members = db.table('user_groups').whereIn('group_id', groups).select('user_id')
    const query = active(db).whereIn('users.id', members).orderBy('users.id').limit(AT_ONCE)
    if (last !== undefined) query.where('users.id', '>', last)
    const batch = await found(query)
    yield batch
    last = batch.length === AT_ONCE ? batch.at(-1)?.id : undefined
  } while (last !== undefined)
}

/** The groups that grant a permission, by name or as part of what they stand for. */
async function groupsWith(db: TenantDb, permission: PermissionKey): Promise<string[]> {
  const groups: { id: string; permissions: string }[] = await db.table('groups').select('id', 'permissions')
  return groups
    .filter(({ permissions }) => new PermissionSet(readGranted(permissions)).has(permission))
    .map(({ id }) => id)
}

const active = (db: TenantDb) =>
  db
    .table('users')
    .where('users.active', true)
    .select('users.id', 'users.email', 'users.email_verified_at', 'users.email_set_by')

async function found(query: PromiseLike<UserRow[]>): Promise<Recipient[]> {
  return (await query).map(({ id, email, email_verified_at, email_set_by }) => ({
    id,
    email,
    mailable: email_verified_at !== null || email_set_by !== null,
  }))
}

const batches = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size))
