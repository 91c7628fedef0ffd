import type { TenantState } from '../access/principal.ts'
import type { TenantStatus } from '../contract.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'

/** What is stored about a tenant's licence, before the time is looked at. */
export interface TenantFacts {
  readonly id: string
  readonly name: string
  readonly accountName: string
  /** `pending`, `active` or `suspended`: the other two follow from `expiresAt`. */
  readonly status: string
  /** Epoch milliseconds; undefined without a licence. */
  readonly expiresAt: number | undefined
  readonly features: ReadonlySet<string>
  /** Revision `features` these were read at. */
  readonly revision: number
}

interface TenantRow {
  id: string
  name: string
  account_name: string
  status: string
  expires_at: string | null
}
interface FeatureRow {
  tenant_id: string
  feature: string
}

const TENANTS_A_PAGE = 1000
const NONE: ReadonlySet<string> = new Set()
const COLUMNS = ['tenants.id', 'tenants.name', 'tenants.account_name', 'tenants.status', 'tenant_licenses.expires_at']

const pageOfTenants = prepare<{ after: string }, TenantRow>((from, v) =>
  from
    .shared('tenants')
    .leftJoin('tenant_licenses', 'tenant_licenses.tenant_id', 'tenants.id')
    .select(...COLUMNS)
    .where('tenants.id', '>', v.after)
    .orderBy('tenants.id')
    .limit(TENANTS_A_PAGE),
)
const featuresOfPage = prepare<{ after: string; last: string }, FeatureRow>((from, v) =>
  from
    .shared('tenant_features')
    .select('tenant_id', 'feature')
    .where('enabled', true)
    .where('tenant_id', '>', v.after)
    .where('tenant_id', '<=', v.last),
)
const oneTenant = prepare<{ id: string }, TenantRow>((from, v) =>
  from
    .shared('tenants')
    .leftJoin('tenant_licenses', 'tenant_licenses.tenant_id', 'tenants.id')
    .select(...COLUMNS)
    .where('tenants.id', v.id),
)
const featuresOfOne = prepare<{ id: string }, FeatureRow>((from, v) =>
  from.shared('tenant_features').select('tenant_id', 'feature').where('enabled', true).where('tenant_id', v.id),
)

/** Reads all tenants, a page at a time, so that ten thousand do not hold up requests. */
export async function readAllTenants(db: PlatformDb, revision: number): Promise<Map<string, TenantFacts>> {
  const all = new Map<string, TenantFacts>()
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const tenants = await db.all(pageOfTenants, { after })
    const last = tenants.at(-1)
    if (!last) return all
    const features = groupByTenant(await db.all(featuresOfPage, { after, last: last.id }))
    for (const tenant of tenants) all.set(tenant.id, toFacts(tenant, features.get(tenant.id) ?? NONE, revision))
    if (tenants.length < TENANTS_A_PAGE) return all
    after = last.id
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** Reads one tenant; undefined when there is none of this id. */
export async function readTenant(db: PlatformDb, id: string, revision: number): Promise<TenantFacts | undefined> {
  const tenant = await db.first(oneTenant, { id })
  if (!tenant) return undefined
  const features = groupByTenant(await db.all(featuresOfOne, { id }))
  return toFacts(tenant, features.get(tenant.id) ?? NONE, revision)
}

function groupByTenant(rows: readonly FeatureRow[]): Map<string, Set<string>> {
  const byTenant = new Map<string, Set<string>>()
  for (const { tenant_id, feature } of rows) {
    const known = byTenant.get(tenant_id)
    if (known) known.add(feature)
    else byTenant.set(tenant_id, new Set([feature]))
  }
  return byTenant
}

const toFacts = (row: TenantRow, features: ReadonlySet<string>, revision: number): TenantFacts => ({
  id: row.id,
  name: row.name,
  accountName: row.account_name,
  status: row.status,
  expiresAt: row.expires_at === null ? undefined : Date.parse(row.expires_at),
  features,
  revision,
})

/** A tenant's state at a moment, and when it changes by itself (epoch milliseconds; Infinity: never). */
export interface DatedState {
  readonly state: TenantState
  readonly until: number
}

/**
 * What the facts mean at a moment (contract 15.1): `grace` for `graceMs` after the licence ran out, then `expired`.
 * Features are given in `active` alone. A tenant that is active without a licence is `pending`.
 */
export function stateAt(facts: TenantFacts, now: number, graceMs: number): DatedState {
  const [status, until] = statusAt(facts.status, facts.expiresAt, now, graceMs)
  const { id, name, accountName } = facts
  const tenant = Object.freeze({ id, name, account_name: accountName, status })
  return { state: Object.freeze({ tenant, features: status === 'active' ? facts.features : NONE }), until }
}

/** The status that a stored one and an expiry (epoch milliseconds) mean at a moment, and until when. */
export function statusAt(
  status: string,
  expiresAt: number | undefined,
  now: number,
  graceMs: number,
): [status: TenantStatus, until: number] {
  if (status === 'suspended') return ['suspended', Infinity]
  if (status !== 'active' || expiresAt === undefined) return ['pending', Infinity]
  if (now < expiresAt) return ['active', expiresAt]
  if (now < expiresAt + graceMs) return ['grace', expiresAt + graceMs]
  return ['expired', Infinity]
}
