import { prepare } from '../../data/prepared.ts'
import type { TenantDb } from '../../data/tenant-db.ts'
import { problem } from '../../errors.ts'
import { ADMIN } from '../built-in-groups.ts'
import { domainOf, readTenantPolicy } from '../tenant-policy.ts'

const ownProvider = prepare<object, { enabled: unknown }>(from => from.table('tenant_oidc_config').select('enabled'))
const verifiedDomains = prepare<object, { domain: string }>(from =>
  from.table('email_domains').select('domain').whereNotNull('verified_at'),
)
const activeAdmins = prepare<object, { email: string }>(from =>
  from
    .table('users')
    .join('user_groups', 'user_groups.user_id', 'users.id')
    .join('groups', 'groups.id', 'user_groups.group_id')
    .select('users.email')
    .where('groups.built_in', ADMIN)
    .where('users.active', true),
)

/**
 * Makes changes of how a tenant's users log in come one after the other: each is allowed only because of the others.
 * To be called first in the transaction of such a change.
 */
export const takeSettingsTurn = (db: TenantDb): Promise<void> => db.takeTurn('sign-in settings')

/**
 * To be asked in the transaction of a change of how users log in, after it: it must leave a way in for the tenant.
 * @param platformProvider whether the deployment has a provider of its own, which a tenant's users may take
 * @throws Problem `conflict`, which takes the change back
 */
export async function requireWayIn(db: TenantDb, platformProvider: boolean): Promise<void> {
  const { authPolicy, allowedEmailDomains } = await readTenantPolicy(db)
  const isAllowed = (domain: string): boolean =>
    allowedEmailDomains.length === 0 || allowedEmailDomains.includes(domain)
  const admins = (await db.all(activeAdmins, {})).map(({ email }) => domainOf(email)).filter(isAllowed)
  if (admins.length === 0) {
    throw problem(
      'conflict',
      'No active member of "Admin" has an address of these domains: nobody could change it back.',
    )
  }
  if (authPolicy === 'standard' || platformProvider) return
  const enabled = Boolean((await db.first(ownProvider, {}))?.enabled)
  const proven = new Set((await db.all(verifiedDomains, {})).map(({ domain }) => domain))
  if (enabled && admins.some(domain => proven.has(domain))) return
  throw problem(
    'conflict',
    'No active member of "Admin" could log in: without passwords there must be an identity provider that is switched on, ' +
      'and a verified e-mail domain that leads one of them to it.',
  )
}
