import { z } from 'zod'
import { contains, defineList } from '../../data/list.ts'
import { prepare } from '../../data/prepared.ts'
import type { TenantDb } from '../../data/tenant-db.ts'
import { problem } from '../../errors.ts'
import { readGranted } from '../permission-set.ts'

/** An API key as the API shows it: never the key itself. */
export const apiKeyBody = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string().describe('How the key begins'),
    permissions: z.array(z.string()),
    status: z.enum(['active', 'expired', 'revoked']),
    created_by: z.string().nullable().describe('The user who made it'),
    created_at: z.string(),
    updated_at: z.string(),
    expires_at: z.string().nullable(),
    last_used_at: z.string().nullable().describe('To the minute'),
    last_used_ip: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .meta({ id: 'ApiKey' })

/** An API key that was made a moment ago: the only time that it is shown, under two names. */
export const newApiKeyBody = apiKeyBody.extend({ api_key: z.string(), key: z.string() })

/** A key as it is stored, without its hash. */
export interface ApiKeyRow {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly permissions: string
  readonly created_by: string | null
  readonly created_at: string
  readonly updated_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
  readonly last_used_ip: string | null
  readonly revoked_at: string | null
  readonly revision: number
}

const columns = [
  'id',
  'name',
  'prefix',
  'permissions',
  'created_by',
  'created_at',
  'updated_at',
  'expires_at',
  'last_used_at',
  'last_used_ip',
  'revoked_at',
  'revision',
]

/** `GET /api-keys`. */
export const apiKeyList = defineList({
  table: 'api_keys',
  columns,
  sorts: { created_at: 'created_at', name: 'name' },
  defaultSort: '-created_at',
  filters: { q: contains('name', 'prefix') },
  item: (row: ApiKeyRow) => row,
})

const byId = prepare<{ id: string }, ApiKeyRow>((from, v) => from.table('api_keys').select(columns).where('id', v.id))

/** A stored key as the API shows it. */
export function toApiKey(row: ApiKeyRow, now: Date): z.output<typeof apiKeyBody> {
  const { revision: _revision, permissions, ...rest } = row
  const expired = row.expires_at !== null && row.expires_at <= now.toISOString()
  const status = row.revoked_at !== null ? 'revoked' : expired ? 'expired' : 'active'
  return { ...rest, permissions: readGranted(permissions), status }
}

/** @throws Problem `not_found` */
export async function findApiKey(db: TenantDb, id: string): Promise<ApiKeyRow> {
  const row = await db.first(byId, { id })
  if (!row) throw problem('not_found', 'There is no such API key.')
  return row
}
