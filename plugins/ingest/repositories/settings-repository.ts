import { prepare, type TenantDb } from '../../../kernel/contract.ts'
import type { IngestTenantSettings } from '../ingest-event.ts'
import type { IngestSettings } from '../settings.ts'

const stored = prepare<object, IngestTenantSettings>(from => from.table('ingest_settings').select('retention_days'))

/** What the tenant has decided about events. */
export class SettingsRepository {
  readonly #db: TenantDb
  readonly #config: IngestSettings

  constructor({ db, config }: { db: TenantDb; config: IngestSettings }) {
    this.#db = db
    this.#config = config
  }

  async read(): Promise<IngestTenantSettings> {
    return (await this.#db.first(stored, {})) ?? { retention_days: this.#config.INGEST_RETENTION_DAYS }
  }

  write(settings: IngestTenantSettings, now: Date): Promise<void> {
    return this.#db.upsert('ingest_settings', [{ ...settings, updated_at: now.toISOString() }], ['tenant_id'])
  }
}
