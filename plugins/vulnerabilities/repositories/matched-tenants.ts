import type { PlatformDb } from '../../../kernel/contract.ts'

/** The tenants whose assets have been matched before. Those that never were get their first scan when the feature goes on. */
export class MatchedTenants {
  readonly #db: PlatformDb

  constructor({ db }: { db: PlatformDb }) {
    this.#db = db
  }

  async ids(): Promise<string[]> {
    const rows: { tenant_id: string }[] = await this.#db.table('vulnerability_state').select('tenant_id')
    return rows.map(row => row.tenant_id)
  }
}
