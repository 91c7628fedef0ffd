import { prepare, type TenantDb } from '../../../kernel/contract.ts'

/** How far the tenant's assets are matched. */
export interface MatchingState {
  /** Every change of the catalogue up to this `seq` is taken into account. */
  readonly last_change: number
  /** When all assets were last matched. */
  readonly scanned_at: string
  /** When somebody last looked for changes. */
  readonly checked_at: string
}

const state = prepare<object, MatchingState>(from =>
  from.table('vulnerability_state').select('last_change', 'scanned_at', 'checked_at'),
)

/** Ids that one statement names. */
const BATCH = 500

/** What matching remembers of the tenant between its runs. */
export class MatchingStateRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  async read(): Promise<MatchingState | undefined> {
    const row = await this.#db.first(state, {})
    return row && { ...row, last_change: Number(row.last_change) }
  }

  /** Nothing is known of what is matched: the next look matches all assets. */
  async forget(): Promise<void> {
    await this.#db.table('vulnerability_state').delete()
  }

  /** All assets are matched against the catalogue as it was at `seq`. */
  scanned(seq: number, now: Date): Promise<void> {
    const time = now.toISOString()
    const row = { last_change: seq, scanned_at: time, checked_at: time }
    return this.#db.upsert('vulnerability_state', [row], ['tenant_id'])
  }

  /** What changed in the catalogue up to `seq` is matched. */
  async followed(seq: number, now: Date): Promise<void> {
    await this.#db.table('vulnerability_state').update({ last_change: seq, checked_at: now.toISOString() })
  }

  /** Notes assets that must be matched anew. */
  mark(assetIds: readonly string[], now: Date): Promise<void> {
    const marked_at = now.toISOString()
    const rows = assetIds.map(asset_id => ({ asset_id, marked_at }))
    return this.#db.upsert('vulnerability_pending', rows, ['tenant_id', 'asset_id'])
  }

  /** Some of the assets that must be matched anew. */
  async pending(limit: number): Promise<string[]> {
    const rows: { asset_id: string }[] = await this.#db.table('vulnerability_pending').limit(limit).select('asset_id')
    return rows.map(row => row.asset_id)
  }

  /** Forgets the marks that these assets had at `time`; later ones stay. */
  async unmark(assetIds: readonly string[], time: Date): Promise<void> {
    await this.#db.transaction(async () => {
      for (let start = 0; start < assetIds.length; start += BATCH) {
        await this.#db
          .table('vulnerability_pending')
          .whereIn('asset_id', assetIds.slice(start, start + BATCH))
          .where('marked_at', '<=', time.toISOString())
          .delete()
      }
    })
  }

  /** Of these CVEs, those that no alert was raised for; they count as raised from here on. */
  async claimAlerts(cveIds: readonly string[], now: Date): Promise<Set<string>> {
    const fresh = new Set(cveIds)
    for (let start = 0; start < cveIds.length; start += BATCH) {
      const rows: { cve_id: string }[] = await this.#db
        .table('vulnerability_alerts')
        .whereIn('cve_id', cveIds.slice(start, start + BATCH))
        .select('cve_id')
      for (const row of rows) fresh.delete(row.cve_id)
    }
    const rows = [...fresh].map(cve_id => ({ cve_id, raised_at: now.toISOString() }))
    await this.#db.upsert('vulnerability_alerts', rows, ['tenant_id', 'cve_id'], [])
    return fresh
  }
}
