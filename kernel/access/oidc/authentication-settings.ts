import { z } from 'zod'
import type { Call } from '../../contract.ts'
import { prepare } from '../../data/prepared.ts'
import { knexOf, type TenantDb } from '../../data/tenant-db.ts'
import { problem } from '../../errors.ts'
import type { Sessions } from '../sessions.ts'
import { domainOf, readTenantPolicy } from '../tenant-policy.ts'
import { emailDomain } from './email-domain.ts'
import { requireWayIn, takeSettingsTurn } from './way-in.ts'

const MOST_DOMAINS = 100

/** How the users of a tenant log in, as the tenant has it. */
export const authenticationBody = z
  .object({
    auth_policy: z.enum(['standard', 'restricted']).describe('`restricted`: no passwords, identity providers only'),
    allowed_email_domains: z.array(z.string()).describe('Addresses must be of these; none: of any'),
    mfa_required: z.boolean().describe('Whoever logs in with a password needs a second factor'),
  })
  .meta({ id: 'AuthenticationSettings' })

/** What can be changed of it. */
export const authenticationChanges = z
  .strictObject({
    auth_policy: z.enum(['standard', 'restricted']).optional(),
    allowed_email_domains: z.array(emailDomain).max(MOST_DOMAINS).optional(),
    mfa_required: z.boolean().optional(),
  })
  .refine(changes => Object.keys(changes).length > 0, 'name something to change')

/** The settings with the revision for `If-Match`: 0 before there are any. */
export interface FoundAuthentication {
  readonly body: z.output<typeof authenticationBody>
  readonly revision: number
}

interface Parts {
  readonly sessions: Sessions
  /** Whether the deployment has a provider of its own. */
  readonly platformProvider: boolean
}

const storedRevision = prepare<object, { revision: number }>(from => from.table('tenant_settings').select('revision'))
interface OpenSession {
  family_id: string
  methods: string
  email: string
}

const openSessions = prepare<{ now: Date }, OpenSession>((from, v) =>
  from
    .table('refresh_tokens')
    .join('users', 'users.id', 'refresh_tokens.user_id')
    .distinct('refresh_tokens.family_id', 'refresh_tokens.methods', 'users.email')
    .whereNull('refresh_tokens.revoked_at')
    .whereNull('refresh_tokens.used_at')
    .where('refresh_tokens.expires_at', '>', v.now),
)
/** SQL Server takes 2,100 values in a statement. */
const AT_ONCE = 1000

/** How the users of a tenant log in. */
export class AuthenticationSettings {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async find(db: TenantDb): Promise<FoundAuthentication> {
    const policy = await readTenantPolicy(db)
    const tenant = await knexOf(db)('tenants').where('id', db.tenantId).first('mfa_required')
    return {
      body: {
        auth_policy: policy.authPolicy,
        allowed_email_domains: [...policy.allowedEmailDomains],
        mfa_required: Boolean(tenant?.mfa_required),
      },
      revision: (await db.first(storedRevision, {}))?.revision ?? 0,
    }
  }

  /**
   * Changes them, in the call's transaction. Sessions end that could not begin any more as they did: with a password, without
   * a second factor, by an address of another domain. The caller's goes on.
   * @throws Problem `stale`, `conflict` for what would lock everybody out
   */
  async change(
    call: Call,
    { mfa_required, ...changes }: z.output<typeof authenticationChanges>,
    ifMatch: number | undefined,
  ): Promise<FoundAuthentication> {
    const { db } = call
    await takeSettingsTurn(db)
    const before = await this.find(db)
    if (ifMatch !== undefined && ifMatch !== before.revision) throw problem('stale')
    await this.#store(call, before.revision, changes)
    if (mfa_required !== undefined) await knexOf(db)('tenants').where('id', db.tenantId).update({ mfa_required })
    await requireWayIn(db, this.#parts.platformProvider)
    const after = await this.find(db)
    await this.#endSessions(call, after.body)
    call.audit({
      action: 'authentication.updated',
      resourceType: 'authentication',
      resourceId: call.tenant.id,
      before: before.body,
      after: after.body,
    })
    return after
  }

  async #store(
    call: Call,
    revision: number,
    changes: Omit<z.output<typeof authenticationChanges>, 'mfa_required'>,
  ): Promise<void> {
    const { db } = call
    const domains = changes.allowed_email_domains
    const values = {
      ...(changes.auth_policy === undefined ? {} : { auth_policy: changes.auth_policy }),
      ...(domains === undefined ? {} : { allowed_email_domains: JSON.stringify([...new Set(domains)].sort()) }),
      updated_at: call.now(),
    }
    if (revision === 0) {
      await db.upsert('tenant_settings', [{ ...values, revision: 1 }], ['tenant_id'])
      return
    }
    const rows = db.table('tenant_settings').where({ revision }).update(values).increment('revision', 1)
    if ((await rows) !== 1) throw problem('stale')
  }

  /** Ends the sessions that could not begin any more as they did, and log-ins that wait for a code. */
  async #endSessions(call: Call, settings: z.output<typeof authenticationBody>): Promise<void> {
    const { db, actor } = call
    const own = 'sessionId' in actor ? actor.sessionId : undefined
    const ended = (await db.all(openSessions, { now: call.now() }))
      .filter(session => session.family_id !== own && !couldBegin(session, settings))
      .map(({ family_id }) => family_id)
    for (let start = 0; start < ended.length; start += AT_ONCE) {
      await this.#parts.sessions.end(db, ended.slice(start, start + AT_ONCE), call.now())
    }
    await db.table('one_time_tokens').where('kind', 'sign-in').whereNull('used_at').update({ used_at: call.now() })
  }
}

function couldBegin(
  { methods, email }: OpenSession,
  { auth_policy, allowed_email_domains: domains, mfa_required }: z.output<typeof authenticationBody>,
): boolean {
  if (domains.length > 0 && !domains.includes(domainOf(email))) return false
  return !methods.startsWith('pwd') || (auth_policy === 'standard' && (!mfa_required || methods.includes('mfa')))
}
