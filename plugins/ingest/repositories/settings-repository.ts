import { prepare, type TenantDb, type TenantRetention } from '../../../kernel/contract.ts'
import type { IngestTenantSettings } from '../ingest-event.ts'

const stored = prepare<object, IngestTenantSettings>(from => from.table('ingest_settings').select('retention_days'))

/** What the tenant has decided about events: kept with its other settings; what was set here before still counts. */
export class SettingsRepository {
  readonly #db: TenantDb
  readonly #retention: TenantRetention

  constructor({ db, retention }: { db: TenantDb; retention: TenantRetention }) {
    this.#db = db
    this.#retention = retention
  }

  async read(): Promise<IngestTenantSettings> {
    const before = await this.#db.first(stored, {})
    return { retention_days: await this.#retention.ingestDays(before?.retention_days) }
  }

  write({ retention_days }: IngestTenantSettings): Promise<void> {
    return this.#retention.setIngestDays(retention_days)
  }
}
