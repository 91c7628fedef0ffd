import type { Knex } from 'knex'
import { z } from 'zod'
import { contains, defineList, equals, queryFlag } from '../data/list.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'

/** A user as the API shows them. */
export const userBody = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  active: z.boolean(),
  mfa_enabled: z.boolean(),
  last_login_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
})

/** A user with the groups they are in. */
export const userWithGroups = userBody.extend({ groups: z.array(z.object({ id: z.string(), name: z.string() })) })

/** A user as the API shows them. */
export type UserBody = z.output<typeof userBody>

interface UserRow {
  id: string
  email: string
  name: string
  active: unknown
  mfa_enabled: unknown
  last_login_at: string | null
  created_at: string
  updated_at: string
  revision: number
}

const COLUMNS = [
  'id',
  'email',
  'name',
  'active',
  'mfa_enabled',
  'last_login_at',
  'created_at',
  'updated_at',
  'revision',
]

const toBody = ({ revision: _revision, active, mfa_enabled, ...row }: UserRow): UserBody => ({
  ...row,
  active: Boolean(active),
  mfa_enabled: Boolean(mfa_enabled),
})

/** `GET /users`. */
export const userList = defineList({
  table: 'users',
  columns: COLUMNS.map(column => `users.${column}`),
  key: 'users.id',
  sorts: { name: 'users.name', email: 'users.email', created_at: 'users.created_at' },
  defaultSort: 'name',
  filters: {
    q: contains('users.name', 'users.email'),
    active: equals('users.active', queryFlag),
    group_id: {
      schema: z.guid().toLowerCase(),
      where: (query: Knex.QueryBuilder, value: string) =>
        query.whereExists(members =>
          members
            .select('user_groups.user_id')
            .from('user_groups')
            .whereRaw('?? = ??', ['user_groups.user_id', 'users.id'])
            .whereRaw('?? = ??', ['user_groups.tenant_id', 'users.tenant_id'])
            .where('user_groups.group_id', value),
        ),
    },
  },
  item: (row: UserRow) => toBody(row),
})

const byId = prepare<{ id: string }, UserRow>((from, v) =>
  from
    .table('users')
    .select(...COLUMNS)
    .where('id', v.id),
)
const groupsOf = prepare<{ id: string }, { id: string; name: string }>((from, v) =>
  from
    .table('groups')
    .join('user_groups', 'user_groups.group_id', 'groups.id')
    .select('groups.id', 'groups.name')
    .where('user_groups.user_id', v.id)
    .orderBy('groups.name'),
)

/** A user with their groups, and the revision for `If-Match`. */
export interface FoundUser {
  readonly body: z.output<typeof userWithGroups>
  readonly revision: number
}

/** @throws Problem `not_found`, also for a user of another tenant */
export async function findUser(db: TenantDb, id: string): Promise<FoundUser> {
  const row = await db.first(byId, { id })
  if (!row) throw problem('not_found', 'No user has this id.')
  return { body: { ...toBody(row), groups: await db.all(groupsOf, { id }) }, revision: row.revision }
}
