import { z } from 'zod'
import { type AnyPlugin, definePlugin, type Kit, tenantRetention } from '../contract.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { AuditLog } from './audit-log.ts'
import { auditRoutes } from './audit-routes.ts'
import { ChainSealer } from './chain-sealer.ts'
import type { HeadSigner } from './head-signature.ts'
import { operatorRoutes } from './operator-routes.ts'
import { deleteOldLines } from './retention.ts'
import { retentionRoutes } from './retention-routes.ts'
import { RetentionSettings } from './retention-settings.ts'

const HOUR_MS = 3_600_000

/** What the audit log works with. */
export interface AuditParts {
  readonly signer: HeadSigner
  /** Days that ingested events are kept, for tenants that have not set it. */
  readonly ingestDays: number
}

/** The kit of the audit plugin: who may look at settings may look at these. */
export type AuditKit = Kit<
  'audit:read' | 'settings:read' | 'settings:manage',
  unknown,
  { readonly auditLog: typeof AuditLog; readonly retentionSettings: RetentionClass },
  Record<never, never>,
  Record<never, never>
>
type RetentionClass = new (cradle: {
  db: TenantDb
  call: ConstructorParameters<typeof RetentionSettings>[0]['call']
}) => RetentionSettings

/** Shows the audit log, seals it into a chain, verifies and exports it, and deletes what is older than the retention. */
export function auditPlugin({ signer, ingestDays }: AuditParts): AnyPlugin {
  const sealer = new ChainSealer(signer)
  class TenantRetentionSettings extends RetentionSettings {
    constructor(cradle: ConstructorParameters<RetentionClass>[0]) {
      super(cradle, ingestDays)
    }
  }
  /** When this process last looked for heads under the previous key. */
  let lookedAt = Number.NEGATIVE_INFINITY

  return definePlugin({
    name: 'audit',
    version: '1.0.0',
    title: 'Audit log',
    segments: ['audit', 'settings/retention', 'internal/audit'],
    permissions: { 'audit:read': 'View, verify and export the audit log' },
    sharedTables: ['audit_chains'],
    services: { auditLog: AuditLog, retentionSettings: TenantRetentionSettings },
    offers: { retentionSettings: tenantRetention },
    setup(kit) {
      const own = kit as unknown as AuditKit
      auditRoutes(own, signer)
      retentionRoutes(own)
      operatorRoutes(own, signer)
      kit.job('seal', {
        scope: 'platform',
        data: z.object({}),
        every: '1 minute',
        timeoutMs: HOUR_MS,
        async run(_data, { call }) {
          const run = { db: call.db, log: call.log, signal: call.signal, now: call.now() }
          const now = run.now.getTime()
          const look = now - lookedAt >= HOUR_MS
          const signed_anew = look ? await sealer.signAnew(run) : 0
          if (look) lookedAt = now
          return { ...(await sealer.sealAll(run)), signed_anew }
        },
      })
      kit.job('retention', {
        scope: 'platform',
        data: z.object({}),
        every: '0 2 * * *',
        timeoutMs: 6 * HOUR_MS,
        async run(_data, { call, progress }) {
          const { db, log, signal } = call
          await sealer.sealAll({ db, log, signal, now: call.now() })
          return deleteOldLines({
            db,
            signer,
            log,
            signal,
            progress,
            now: call.now(),
            record: (tenantId, entry) => (tenantId === null ? call.auditPlatform(entry) : call.audit(tenantId, entry)),
          })
        },
      })
    },
  }) as unknown as AnyPlugin
}
