import type { Config } from '../../config/load.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'

/** How users may log in: `restricted` is elsewhere only, never with a password that is kept here. */
export type AuthPolicy = 'standard' | 'restricted'

/** The floor that a deployment sets; a tenant can only be stricter. */
export type PolicySettings = Pick<Config, 'AUTH_POLICY' | 'AUTH_ALLOWED_EMAIL_DOMAINS'>

/** What a tenant asks for on top of its deployment. */
export interface TenantPolicy {
  readonly authPolicy: AuthPolicy
  /** Domains that addresses must be of; none: any. */
  readonly allowedEmailDomains: readonly string[]
}

const policyRow = prepare<object, { auth_policy: string | null; allowed_email_domains: string }>(from =>
  from.table('tenant_settings').select('auth_policy', 'allowed_email_domains'),
)

/** The domain of an e-mail address, in lower case. */
export const domainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1).toLowerCase()

/**
 * Closes the routes for passwords where the deployment logs in elsewhere: log-in, registration, reset, and what else sets
 * or takes a password of somebody who is not logged in.
 * @throws Problem `auth_policy_restricted`
 */
export function requirePasswords(settings: Pick<PolicySettings, 'AUTH_POLICY'>): void {
  if (settings.AUTH_POLICY !== 'restricted') return
  throw problem('auth_policy_restricted', 'This deployment logs in with Microsoft only.')
}

/** What a tenant asks for now. */
export async function readTenantPolicy(db: TenantDb): Promise<TenantPolicy> {
  const row = await db.first(policyRow, {})
  return {
    authPolicy: row?.auth_policy === 'restricted' ? 'restricted' : 'standard',
    allowedEmailDomains: row ? JSON.parse(row.allowed_email_domains) : [],
  }
}

/**
 * Whether somebody of this tenant may use a password. To be asked once the password was right, so that strangers learn
 * nothing of it; also before a password is set by a mail.
 * @throws Problem `auth_policy_restricted`
 */
export async function requirePasswordOfTenant(db: TenantDb, email: string): Promise<void> {
  const policy = await readTenantPolicy(db)
  if (policy.authPolicy === 'restricted') {
    throw problem('auth_policy_restricted', 'Your account logs in with its identity provider only.')
  }
  requireDomain(policy, email)
}

/**
 * Whether somebody who showed elsewhere that this address is theirs may come in.
 * @throws Problem `auth_policy_restricted`
 */
export async function requireEmailOfTenant(settings: PolicySettings, db: TenantDb, email: string): Promise<void> {
  requireEmailOfDeployment(settings, email)
  requireDomain(await readTenantPolicy(db), email)
}

/**
 * The part of that which holds for all tenants.
 * @throws Problem `auth_policy_restricted`
 */
export function requireEmailOfDeployment(settings: PolicySettings, email: string): void {
  if (settings.AUTH_POLICY !== 'restricted' || settings.AUTH_ALLOWED_EMAIL_DOMAINS.includes(domainOf(email))) return
  throw problem('auth_policy_restricted', 'This deployment does not let addresses of this domain log in.')
}

function requireDomain({ allowedEmailDomains }: TenantPolicy, email: string): void {
  if (allowedEmailDomains.length === 0 || allowedEmailDomains.includes(domainOf(email))) return
  throw problem('auth_policy_restricted', 'Your account does not let addresses of this domain log in.')
}
