import { hash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { contains, defineList } from '../../data/list.ts'
import type { PlatformDb } from '../../data/platform-db.ts'
import { prepare } from '../../data/prepared.ts'
import type { TenantDb } from '../../data/tenant-db.ts'
import { problem } from '../../errors.ts'

/** An invitation as the API shows it to those who invite. */
export const invitationBody = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string().nullable(),
    group_ids: z.array(z.string()),
    invited_by: z.string().nullable().describe('Id of the user; null when it was no user'),
    expires_at: z.string(),
    created_at: z.string(),
  })
  .meta({ id: 'Invitation' })

/** An invitation as the API shows it to those who invite. */
export type InvitationBody = z.output<typeof invitationBody>

interface Row {
  id: string
  email: string
  name: string | null
  group_ids: string
  invited_by: string | null
  expires_at: string
  created_at: string
}

const COLUMNS = ['id', 'email', 'name', 'group_ids', 'invited_by', 'expires_at', 'created_at']

const toBody = ({ group_ids, expires_at, created_at, ...row }: Row): InvitationBody => ({
  ...row,
  group_ids: JSON.parse(group_ids),
  expires_at: new Date(expires_at).toISOString(),
  created_at: new Date(created_at).toISOString(),
})

/** `GET /users/invitations`: those that nobody has accepted or withdrawn, also when their time is over. */
export const invitationList = defineList({
  table: 'invitations',
  columns: COLUMNS,
  sorts: { created_at: 'created_at', expires_at: 'expires_at', email: 'email' },
  defaultSort: '-created_at',
  filters: { q: contains('email', 'name') },
  refine: query => void query.whereNull('accepted_at').whereNull('revoked_at'),
  item: (row: Row) => toBody(row),
})

const openById = prepare<{ id: string }, Row>((from, v) =>
  from
    .table('invitations')
    .select(...COLUMNS)
    .where('id', v.id)
    .whereNull('accepted_at')
    .whereNull('revoked_at'),
)

/** @throws Problem `not_found`, also for an invitation that is over, and for one of another tenant */
export async function findInvitation(db: TenantDb, id: string): Promise<InvitationBody> {
  const row = await db.first(openById, { id })
  if (!row) throw problem('not_found', 'No open invitation has this id.')
  return toBody(row)
}

/** An invitation whose token somebody has. */
export interface OpenInvitation {
  readonly id: string
  readonly tenantId: string
  readonly tenantName: string
  readonly email: string
  readonly name: string | null
  readonly groupIds: readonly string[]
  readonly invitedBy: string | null
  readonly expiresAt: Date
}

interface OpenRow extends Omit<Row, 'created_at'> {
  tenant_id: string
  tenant_name: string
}

const liveByHash = prepare<{ hash: string; now: Date }, OpenRow>((from, v) =>
  from
    .shared('invitations')
    .join('tenants', 'tenants.id', 'invitations.tenant_id')
    .select(
      'invitations.id',
      'invitations.tenant_id',
      'tenants.name as tenant_name',
      'invitations.email',
      'invitations.name',
      'invitations.group_ids',
      'invitations.invited_by',
      'invitations.expires_at',
    )
    .where('invitations.token_hash', v.hash)
    .whereNull('invitations.accepted_at')
    .whereNull('invitations.revoked_at')
    .where('invitations.expires_at', '>', v.now),
)

/** The invitation of a token. @throws Problem `invalid_token` when it is unknown, used, withdrawn or late */
export async function invitationOfToken(db: PlatformDb, token: string, now: Date): Promise<OpenInvitation> {
  const row = await db.first(liveByHash, { hash: digest(token), now })
  if (!row) throw problem('invalid_token', 'This invitation has expired, was used before, or was withdrawn.')
  return {
    id: row.id,
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    email: row.email,
    name: row.name,
    groupIds: JSON.parse(row.group_ids),
    invitedBy: row.invited_by,
    expiresAt: new Date(row.expires_at),
  }
}

/** A new token of 256 random bits, and what is stored of it. */
export function newToken(): { readonly token: string; readonly token_hash: string } {
  const token = randomBytes(32).toString('base64url')
  return { token, token_hash: digest(token) }
}

const digest = (token: string): string => hash('sha256', token, 'hex')
