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

/** An asset that must be matched anew, and when that was noted. */
export interface PendingMark {
  readonly asset_id: string
  readonly marked_at: string
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
  pending(limit: number): Promise<PendingMark[]> {
    return this.#db.table('vulnerability_pending').limit(limit).select('asset_id', 'marked_at')
  }

  /** Forgets these marks. An asset that was marked anew meanwhile keeps its mark, whatever the clocks of others say. */
  async unmark(marks: readonly PendingMark[]): Promise<void> {
    await this.#db.transaction(async () => {
      for (const [marked_at, together] of Map.groupBy(marks, mark => mark.marked_at)) {
        for (let start = 0; start < together.length; start += BATCH) {
          const ids = together.slice(start, start + BATCH).map(({ asset_id }) => asset_id)
          await this.#db.table('vulnerability_pending').whereIn('asset_id', ids).where({ marked_at }).delete()
        }
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
