import { z } from 'zod'
import type { PlatformCall } from '../contract.ts'
import { problem } from '../errors.ts'
import type { Features } from '../tenancy/features.ts'
import type { LicencePull } from '../tenancy/licence-pull.ts'
import { type BeginLater, resume, suspend } from '../tenancy/suspension.ts'
import { READS, WRITES } from './admin-limits.ts'
import type { AdminKit } from './admin-plugin.ts'
import { AdminTenant, tenantList } from './tenant-list.ts'

/** What the routes of tenants work with. */
export interface TenantParts {
  readonly features: Features
  /** How long a tenant may go on after its licence ran out. */
  readonly graceDays: number
  readonly pull: LicencePull | undefined
  readonly begin: BeginLater
  now(): Date
}

const Pulled = z
  .object({
    outcome: z.enum(['stored', 'none', 'unusable']).describe('`none`: Management has no licence of this tenant.'),
    reason: z.string().nullable(),
    tenant: AdminTenant,
  })
  .meta({ id: 'PulledLicence' })

/** Tenants, for operators: how they stand, shutting them out and letting them in, asking for their licence. */
export function tenantRoutes(kit: AdminKit, parts: TenantParts): void {
  const { features, pull, begin } = parts
  const list = tenantList(features, parts)
  const viewed = (call: PlatformCall, tenantId: string): void =>
    call.audit(tenantId, { action: 'tenant.viewed', resourceType: 'tenant', resourceId: tenantId })

  kit.platformRoute('GET /admin/tenants', {
    summary: 'All tenants with their licences',
    access: 'platform-admin',
    limit: READS,
    query: list.query,
    returns: list.returns,
    handle: ({ query }, { call }) => list.page(call, query),
  })

  kit.platformRoute('GET /admin/tenants/:id', {
    summary: 'A tenant with its licence',
    access: 'platform-admin',
    limit: READS,
    returns: AdminTenant,
    async handle({ params }, { call }) {
      const tenant = await list.one(call, params.id)
      viewed(call, params.id)
      return tenant
    },
  })

  kit.platformRoute('POST /admin/tenants/:id/suspend', {
    summary: 'Shut a tenant out, whatever its licence says',
    description: 'Its users, devices and jobs, at once. The licence stays, and one that comes meanwhile is kept.',
    access: 'platform-admin',
    limit: WRITES,
    body: z.strictObject({ reason: z.string().trim().min(1).max(500) }),
    returns: AdminTenant,
    async handle({ params, body }, { call }) {
      await suspend(call, features, params.id, body.reason)
      return list.one(call, params.id)
    },
  })

  kit.platformRoute('POST /admin/tenants/:id/resume', {
    summary: 'Let a suspended tenant in again, as its licence says',
    access: 'platform-admin',
    limit: WRITES,
    returns: AdminTenant,
    async handle({ params }, { call }) {
      await resume(call, features, params.id, begin)
      return list.one(call, params.id)
    },
  })

  kit.platformRoute('POST /admin/tenants/:id/licence/pull', {
    summary: 'Ask Management for the licence of a tenant now',
    access: 'platform-admin',
    limit: WRITES,
    atomic: false,
    returns: Pulled,
    async handle({ params }, { call }) {
      if (!pull) throw problem('conflict', 'Nobody can be asked for licences: MANAGEMENT_API_URL is not set.')
      await list.one(call, params.id)
      const outcome = await pull.askNow(params.id)
      const reason = 'reason' in outcome ? outcome.reason : null
      call.audit(params.id, {
        action: 'license.pulled',
        resourceType: 'license',
        resourceId: params.id,
        after: { outcome: outcome.kind, reason },
      })
      if (outcome.kind === 'unreachable') {
        await call.db.transaction(async () => undefined)
        throw problem('management_unavailable', `Management cannot be asked: ${outcome.reason}`)
      }
      return { outcome: outcome.kind, reason, tenant: await list.one(call, params.id) }
    },
  })
}
