import { z } from 'zod'
import type { Call, TenantRetention } from '../contract.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'

/** Days that lines of the audit log are kept when the tenant has not said otherwise. */
export const DEFAULT_AUDIT_DAYS = 365

const auditDays = z.int().min(30).max(3650)
const ingestDays = z.int().min(1).max(365)

/** How long a tenant keeps what grows by itself. */
export const RetentionBody = z
  .object({
    audit_retention_days: auditDays.describe('Days that lines of the audit log are kept'),
    ingest_retention_days: ingestDays.describe('Days that events of devices are kept'),
  })
  .meta({ id: 'RetentionSettings' })

/** What can be changed of it; null is the default again. */
export const RetentionChanges = z
  .strictObject({
    audit_retention_days: auditDays.nullable().optional(),
    ingest_retention_days: ingestDays.nullable().optional(),
  })
  .refine(changes => Object.keys(changes).length > 0, 'name at least one of them')

interface Row {
  readonly audit_retention_days: number | null
  readonly ingest_retention_days: number | null
  readonly revision: number
}

/** What a tenant has set, with the revision of its settings: 0 before it has set any. */
export interface FoundRetention {
  readonly body: z.output<typeof RetentionBody>
  readonly revision: number
}

const stored = prepare<object, Row>(from =>
  from.table('tenant_settings').select('audit_retention_days', 'ingest_retention_days', 'revision'),
)

/** How long a tenant keeps things; the kernel's side of `TenantRetention`. */
export class RetentionSettings implements TenantRetention {
  readonly #db: TenantDb
  readonly #call: Call
  readonly #defaults: z.output<typeof RetentionBody>

  constructor({ db, call }: { db: TenantDb; call: Call }, ingestDefault: number) {
    this.#db = db
    this.#call = call
    this.#defaults = { audit_retention_days: DEFAULT_AUDIT_DAYS, ingest_retention_days: ingestDefault }
  }

  async find(): Promise<FoundRetention> {
    return this.#found(await this.#db.first(stored, {}))
  }

  /**
   * @param ifMatch the revision that the caller has seen
   * @throws Problem `stale`
   */
  async change(changes: z.output<typeof RetentionChanges>, ifMatch?: number): Promise<FoundRetention> {
    const before = await this.#db.first(stored, {})
    if (ifMatch !== undefined && ifMatch !== (before?.revision ?? 0)) throw problem('stale')
    const updated_at = this.#call.now()
    if (before) {
      const { revision } = before
      const changed: number = await this.#db
        .table('tenant_settings')
        .where({ revision })
        .update({ ...changes, updated_at })
        .increment('revision', 1)
      if (changed !== 1) throw problem('stale')
    } else {
      try {
        await this.#db.table('tenant_settings').insert({ ...changes, updated_at })
      } catch (error) {
        if (this.#db.dialect.isUniqueViolation(error)) throw problem('stale', undefined, { cause: error })
        throw error
      }
    }
    const after = await this.find()
    this.#call.audit({
      action: 'retention.updated',
      resourceType: 'retention',
      resourceId: this.#call.tenant.id,
      before: this.#found(before).body,
      after: after.body,
    })
    return after
  }

  async ingestDays(otherwise?: number): Promise<number> {
    const row = await this.#db.first(stored, {})
    return row?.ingest_retention_days ?? otherwise ?? this.#defaults.ingest_retention_days
  }

  async setIngestDays(days: number): Promise<void> {
    await this.change({ ingest_retention_days: days })
  }

  #found(row: Row | undefined): FoundRetention {
    const { audit_retention_days, ingest_retention_days } = this.#defaults
    return {
      body: {
        audit_retention_days: row?.audit_retention_days ?? audit_retention_days,
        ingest_retention_days: row?.ingest_retention_days ?? ingest_retention_days,
      },
      revision: row?.revision ?? 0,
    }
  }
}
