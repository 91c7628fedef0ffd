import { writeAudit } from '../../audit/writer.ts'
import type { AuditEntry, PlatformCall, RequestFacts } from '../../contract.ts'
import type { PlatformDb } from '../../data/platform-db.ts'
import { prepare } from '../../data/prepared.ts'

/** What links in mails need to know of a user. */
export interface AccountUser {
  readonly id: string
  readonly tenantId: string
  readonly email: string
  readonly active: boolean
  readonly hasPassword: boolean
  readonly verified: boolean
}

interface Row {
  id: string
  tenant_id: string
  email: string
  active: unknown
  password_hash: string | null
  email_verified_at: string | null
}

const COLUMNS = ['id', 'tenant_id', 'email', 'active', 'password_hash', 'email_verified_at']

const byId = prepare<{ id: string }, Row>((from, v) =>
  from
    .shared('users')
    .select(...COLUMNS)
    .where('id', v.id),
)
const byEmail = prepare<{ key: string }, Row>((from, v) =>
  from
    .shared('users')
    .select(...COLUMNS)
    .where('email_key', v.key),
)

const userOf = ({ id, tenant_id, email, active, password_hash, email_verified_at }: Row): AccountUser => ({
  id,
  tenantId: tenant_id,
  email,
  active: Boolean(active),
  hasPassword: password_hash !== null,
  verified: email_verified_at !== null,
})

/** A user of any tenant. */
export async function accountUser(db: PlatformDb, id: string): Promise<AccountUser | undefined> {
  const row = await db.first(byId, { id })
  return row && userOf(row)
}

/** The user of an address, whichever tenant they are of. @param key as `emailKey` makes it */
export async function userOfAddress(db: PlatformDb, key: string): Promise<AccountUser | undefined> {
  const row = await db.first(byEmail, { key })
  return row && userOf(row)
}

/** Writes a line of the audit log for somebody whom a link in a mail has shown to be that user. */
export function auditAs(
  call: PlatformCall,
  request: RequestFacts,
  { id, tenantId }: Pick<AccountUser, 'id' | 'tenantId'>,
  entry: AuditEntry & { readonly action: string },
): Promise<void> {
  return writeAudit(call.db.forTenant(tenantId), [entry], {
    actor: { kind: 'user', id },
    address: request.address,
    traceId: call.traceId,
    now: call.now(),
  })
}
