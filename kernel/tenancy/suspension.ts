import type { PlatformCall, TenantStatus } from '../contract.ts'
import { problem } from '../errors.ts'
import type { Features } from './features.ts'

interface TenantRow {
  readonly status: string
}

/** Tells plugins that they are on for a tenant again. */
export type BeginLater = (call: PlatformCall, tenantId: string, features: readonly string[]) => Promise<void>

/**
 * Shuts a tenant out, whatever its licence says: its users, devices and jobs, from the commit on.
 * @throws Problem `tenant_not_found`; `conflict` when it is suspended already, or is the operator's own
 */
export function suspend(call: PlatformCall, features: Features, tenantId: string, reason: string): Promise<void> {
  return call.db.transaction(async () => {
    const { status } = await locked(call, tenantId)
    const own = await call.db.table('users').where({ id: call.actor.id }).first('tenant_id')
    if (own?.tenant_id === tenantId) {
      throw problem('conflict', 'This is your own tenant: nobody of it could take the suspension back.')
    }
    if (status === 'suspended') throw problem('conflict', 'This tenant is suspended already.')
    await change(call, features, tenantId, { from: status, to: 'suspended', reason })
  })
}

/**
 * Lets a tenant in again, as its licence says: the one it had, or the one that came meanwhile.
 * @throws Problem `tenant_not_found`; `conflict` when it is not suspended
 */
export function resume(call: PlatformCall, features: Features, tenantId: string, begin: BeginLater): Promise<void> {
  return call.db.transaction(async () => {
    const { status } = await locked(call, tenantId)
    if (status !== 'suspended') throw problem('conflict', 'This tenant is not suspended.')
    const licence = await call.db.table('tenant_licenses').where('tenant_id', tenantId).first('expires_at')
    const to = licence === undefined ? 'pending' : 'active'
    await change(call, features, tenantId, { from: status, to })
    if (licence === undefined || features.statusOf(to, licence.expires_at) !== 'active') return
    const rows: { feature: string; enabled: unknown }[] = await call.db
      .table('tenant_features')
      .where('tenant_id', tenantId)
      .select('feature', 'enabled')
    const given = rows.filter(({ enabled }) => Boolean(enabled))
    const on = given.map(({ feature }) => feature).sort()
    if (on.length > 0) await begin(call, tenantId, on)
  })
}

async function locked({ db }: PlatformCall, tenantId: string): Promise<TenantRow> {
  const row: TenantRow | undefined = await db.table('tenants').where('id', tenantId).forUpdate().first('status')
  if (!row) throw problem('tenant_not_found', `There is no tenant ${tenantId} here.`)
  return row
}

interface Change {
  readonly from: string
  readonly to: TenantStatus
  readonly reason?: string
}

async function change(
  call: PlatformCall,
  features: Features,
  tenantId: string,
  { from, to, reason }: Change,
): Promise<void> {
  const updated = { status: to, updated_at: call.now() }
  const changed = await call.db
    .table('tenants')
    .where({ id: tenantId, status: from })
    .update(updated)
    .increment('revision', 1)
  if (changed !== 1) throw problem('conflict', 'Somebody else has changed this tenant at the same time.')
  call.audit(tenantId, {
    action: to === 'suspended' ? 'tenant.suspended' : 'tenant.resumed',
    resourceType: 'tenant',
    resourceId: tenantId,
    before: { status: from },
    after: { status: to, reason },
  })
  await features.changed(call.db, tenantId)
}
