import { prepare, type TenantDb } from '../../../kernel/contract.ts'
import type { Settings } from '../vulnerability.ts'

const stored = prepare<object, Settings>(from => from.table('vuln_scanner_settings').select('alert_min_cvss'))

/** What holds for a tenant that has decided nothing (contract 15.6, 30). */
const defaults: Settings = { alert_min_cvss: 9 }

/** What the tenant has decided about matching. */
export class SettingsRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  async read(): Promise<Settings> {
    return (await this.#db.first(stored, {})) ?? defaults
  }

  write(settings: Settings, now: Date): Promise<void> {
    return this.#db.upsert('vuln_scanner_settings', [{ ...settings, updated_at: now.toISOString() }], ['tenant_id'])
  }
}
