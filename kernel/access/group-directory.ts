import { z } from 'zod'
import { defineList } from '../data/list.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'
import { readGranted } from './permission-set.ts'

/** A group as the API shows it. */
export const groupBody = z.object({
  id: z.string(),
  name: z.string(),
  built_in: z.boolean(),
  permissions: z.array(z.string()),
  created_at: z.string(),
  updated_at: z.string(),
})

/** A group with the users in it. */
export const groupWithMembers = groupBody.extend({
  members: z.array(z.object({ id: z.string(), name: z.string(), email: z.string(), active: z.boolean() })),
})

/** A group as it is stored. */
export interface GroupRow {
  id: string
  name: string
  built_in: string | null
  permissions: string
  created_at: string
  updated_at: string
  revision: number
}

interface MemberRow {
  id: string
  name: string
  email: string
  active: unknown
}

const COLUMNS = ['id', 'name', 'built_in', 'permissions', 'created_at', 'updated_at', 'revision']

/** A stored group as the API shows it. */
export const toGroupBody = ({ id, name, built_in, permissions, created_at, updated_at }: GroupRow) => ({
  id,
  name,
  built_in: built_in !== null,
  permissions: readGranted(permissions),
  created_at,
  updated_at,
})

/** `GET /groups`. */
export const groupList = defineList({
  table: 'groups',
  columns: COLUMNS,
  sorts: { name: 'name', created_at: 'created_at' },
  defaultSort: 'name',
  item: (row: GroupRow) => toGroupBody(row),
})

const byId = prepare<{ id: string }, GroupRow>((from, v) =>
  from
    .table('groups')
    .select(...COLUMNS)
    .where('id', v.id),
)
const membersOf = prepare<{ id: string }, MemberRow>((from, v) =>
  from
    .table('users')
    .join('user_groups', 'user_groups.user_id', 'users.id')
    .select('users.id', 'users.name', 'users.email', 'users.active')
    .where('user_groups.group_id', v.id)
    .orderBy('users.name')
    .orderBy('users.id'),
)

/** A stored group with its members. */
export interface FoundGroup {
  readonly row: GroupRow
  readonly body: z.output<typeof groupWithMembers>
}

/** @throws Problem `not_found`, also for a group of another tenant */
export async function findGroup(db: TenantDb, id: string): Promise<FoundGroup> {
  const row = await db.first(byId, { id })
  if (!row) throw problem('not_found', 'No group has this id.')
  const members = await db.all(membersOf, { id })
  return {
    row,
    body: { ...toGroupBody(row), members: members.map(member => ({ ...member, active: Boolean(member.active) })) },
  }
}
