import { z } from 'zod'
import type { PlatformCall, TenantStatus } from '../contract.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import { problem } from '../errors.ts'
import type { Features } from './features.ts'
import { readRevision } from './revisions.ts'

/** Key of a licensed feature, such as `security`. A licence may name features that no plugin here has (yet). */
export const featureKey = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*$/, 'must be a feature key, such as "security"')

/** A moment that both databases can hold: an offset could push it out of the years that `datetime2` has. */
const moment = z.iso.datetime({ offset: true }).refine(time => {
  const year = new Date(time).getUTCFullYear()
  return year >= 2000 && year <= 9999
}, 'must be in the years 2000 to 9999, in UTC')

/** What Management says about a tenant's licence (contract 7.1). */
export const licence = z.strictObject({
  tenant_id: z.guid().toLowerCase(),
  plan: z.string().trim().min(1).max(100),
  features: z.array(featureKey).max(200),
  expires_at: moment,
  issued_at: moment.optional(),
})

/** The job that lets plugins begin for a tenant; a platform job of the plugin `licences`. */
export const BEGIN_JOB = 'begin-features'

/** How far the clock of Management may be ahead of ours. */
const CLOCKS_APART_MS = 5 * 60_000

/** The body of the licence webhook. */
export type Licence = z.output<typeof licence>

/** Where a tenant stands after its licence was looked at. `features`: what the licence gives while it is valid. */
export interface LicenceOutcome {
  tenant_id: string
  status: TenantStatus
  features: string[]
  revision: number
}

interface LicenceRow {
  status: string
  plan: string | null
  expires_at: string | null
  issued_at: string | null
  updated_at: string | null
}

/** A licence as it is stored and audited; times ISO 8601. */
interface StoredLicence extends Omit<LicenceRow, 'updated_at'> {
  features: string[]
}

const licenceRow = prepare<{ id: string }, LicenceRow>((from, v) =>
  from
    .shared('tenants')
    .leftJoin('tenant_licenses', 'tenant_licenses.tenant_id', 'tenants.id')
    .select(
      'tenants.status',
      'tenant_licenses.plan',
      'tenant_licenses.expires_at',
      'tenant_licenses.issued_at',
      'tenant_licenses.updated_at',
    )
    .where('tenants.id', v.id),
)
const featureRows = prepare<{ id: string }, { feature: string; enabled: unknown }>((from, v) =>
  from.shared('tenant_features').select('feature', 'enabled').where('tenant_id', v.id),
)

/**
 * Stores a licence, in one transaction: the licence, its features, the tenant's status, the revision. A pending tenant
 * becomes active; a suspended one stays so. Stored again, or older than what is stored by `issued_at`, it changes
 * nothing. The call is one of the plugin `licences`: features that go on by it are told to their plugins by its job.
 * @param asOf when Management was asked for it. Undated, it changes nothing where another one came meanwhile
 * @throws Problem `tenant_not_found`
 */
export function storeLicence(
  call: PlatformCall,
  features: Features,
  given: Licence,
  asOf?: Date,
): Promise<LicenceOutcome> {
  const { db } = call
  requireIssued(given, call.now())
  return db.transaction(async () => {
    const { before, changedAt } = await readLicence(db, given.tenant_id)
    const overtaken = given.issued_at === undefined && asOf !== undefined && changedAt > asOf.getTime()
    const after = overtaken ? before : merge(before, given)
    const answer = {
      tenant_id: given.tenant_id,
      status: features.statusOf(after.status, after.expires_at),
      features: after.features,
    }
    if (JSON.stringify(before) === JSON.stringify(after)) {
      return { ...answer, revision: await readRevision(db, 'features') }
    }
    await write(db, given.tenant_id, before, after, call.now())
    call.audit(given.tenant_id, {
      action: 'license.refreshed',
      resourceType: 'license',
      resourceId: given.tenant_id,
      before,
      after,
    })
    const revision = await features.changed(db, given.tenant_id)
    const gained = goneOn(before, after, features)
    if (gained.length > 0) await call.enqueue(BEGIN_JOB, { tenant_id: given.tenant_id, features: gained })
    return { ...answer, revision }
  })
}

/** What the tenant may use by a licence and could not use before it: features are given in `active` alone. */
function goneOn(before: StoredLicence, after: StoredLicence, state: Features): string[] {
  const on = ({ status, expires_at, features }: StoredLicence): readonly string[] =>
    state.statusOf(status, expires_at) === 'active' ? features : []
  const known = new Set(on(before))
  return on(after).filter(key => !known.has(key))
}

function requireIssued({ issued_at }: Licence, now: Date): void {
  if (issued_at === undefined || Date.parse(issued_at) <= now.getTime() + CLOCKS_APART_MS) return
  const message = `must not be more than five minutes ahead of ${now.toISOString()}`
  throw problem('invalid', `body.issued_at: ${message}`, { errors: [{ path: 'body.issued_at', message }] })
}

/** @returns the licence, and when it changed last (epoch milliseconds; 0: there is none) */
async function readLicence(
  db: PlatformDb,
  tenantId: string,
): Promise<{ readonly before: StoredLicence; readonly changedAt: number }> {
  await db.table('tenants').where('id', tenantId).forUpdate().select('id')
  const row = await db.first(licenceRow, { id: tenantId })
  if (!row) throw problem('tenant_not_found', `There is no tenant ${tenantId} here.`)
  const rows = await db.all(featureRows, { id: tenantId })
  const before = {
    status: row.status,
    plan: row.plan,
    expires_at: row.expires_at && iso(row.expires_at),
    issued_at: row.issued_at && iso(row.issued_at),
    features: sorted(rows.filter(({ enabled }) => Boolean(enabled)).map(({ feature }) => feature)),
  }
  return { before, changedAt: row.updated_at === null ? 0 : Date.parse(row.updated_at) }
}

function merge(stored: StoredLicence, given: Licence): StoredLicence {
  const issued = given.issued_at === undefined ? stored.issued_at : iso(given.issued_at)
  if (stored.issued_at !== null && issued !== null && issued < stored.issued_at) return stored
  return {
    status: stored.status === 'pending' ? 'active' : stored.status,
    plan: given.plan,
    expires_at: iso(given.expires_at),
    issued_at: issued,
    features: sorted(given.features),
  }
}

async function write(
  db: PlatformDb,
  tenant_id: string,
  before: StoredLicence,
  { plan, expires_at, issued_at, status, features }: StoredLicence,
  now: Date,
): Promise<void> {
  await db.upsert('tenant_licenses', [{ tenant_id, plan, expires_at, issued_at, updated_at: now }], ['tenant_id'])
  const rows = sorted([...before.features, ...features]).map(feature => ({
    tenant_id,
    feature,
    enabled: features.includes(feature),
    updated_at: now,
  }))
  await db.upsert('tenant_features', rows, ['tenant_id', 'feature'])
  if (status === before.status) return
  await db.table('tenants').where('id', tenant_id).update({ status, updated_at: now }).increment('revision', 1)
}

const iso = (time: string): string => new Date(time).toISOString()
const sorted = (keys: readonly string[]): string[] => [...new Set(keys)].sort()
