import { prepare, type TenantDb } from '../../../kernel/contract.ts'
import type { AssetAddress } from '../public.ts'
import { type AssetRow, assetColumns } from './asset-repository.ts'

/** SQL Server binds at most 2,100 values in a statement; an asset has 21. */
const INSERTED_AT_ONCE = 90
const LOOKED_UP_AT_ONCE = 500

/** The fields that discovery knows, and what it last wrote into them: null where it wrote nothing. */
export interface DiscoveredFields {
  readonly ip_address: string | null
  readonly mac_address: string | null
  readonly producer: string | null
  readonly discovered_ip: string | null
  readonly discovered_mac: string | null
  readonly discovered_producer: string | null
}

/** A row of `assets` with what discovery wrote into it. */
export type DiscoveredRow = AssetRow & DiscoveredFields

/** A row to be added. */
export type NewDiscoveredRow = DiscoveredRow & { readonly source: 'discovery' }

const columns = [...assetColumns, 'discovered_ip', 'discovered_mac', 'discovered_producer'] as const

const unconfirmed = prepare<object, { total: number }>(from =>
  from.table('assets').where('lifecycle', 'discovered').count({ total: '*' }),
)

/** Assets of the call's tenant, by address. */
export class DiscoveryRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  /** Assets with one of these addresses, the oldest first. */
  async withAddresses(macs: readonly string[], ips: readonly string[]): Promise<DiscoveredRow[]> {
    const rows = [
      ...(await this.#in<DiscoveredRow>('mac_address', macs, columns)),
      ...(await this.#in<DiscoveredRow>('ip_address', ips, columns)),
    ]
    const unique = new Map(rows.map(row => [row.id, row]))
    return [...unique.values()].sort((a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0))
  }

  /** Assets in service with one of these IP addresses, as they are stored. */
  async inService(ips: readonly string[]): Promise<AssetAddress[]> {
    const rows = await this.#in<AssetAddress & Pick<AssetRow, 'lifecycle'>>('ip_address', ips, [
      'id',
      'name',
      'site_id',
      'ip_address',
      'lifecycle',
    ])
    return rows.filter(row => row.lifecycle !== 'decommissioned').map(({ lifecycle: _, ...address }) => address)
  }

  /** How many assets nobody has confirmed yet. */
  async unconfirmed(): Promise<number> {
    return Number((await this.#db.first(unconfirmed, {}))?.total ?? 0)
  }

  async insert(rows: readonly NewDiscoveredRow[]): Promise<void> {
    for (let start = 0; start < rows.length; start += INSERTED_AT_ONCE) {
      await this.#db.table('assets').insert(rows.slice(start, start + INSERTED_AT_ONCE))
    }
  }

  /** False when the asset is no longer at this revision. */
  async update(id: string, revision: number, fields: DiscoveredFields, now: Date): Promise<boolean> {
    const changed = await this.#db
      .table('assets')
      .where({ id, revision })
      .update({ ...fields, revision: revision + 1, updated_at: now.toISOString() })
    return changed > 0
  }

  async #in<R>(column: string, values: readonly string[], selected: readonly string[]): Promise<R[]> {
    const found: R[] = []
    for (let start = 0; start < values.length; start += LOOKED_UP_AT_ONCE) {
      const batch = values.slice(start, start + LOOKED_UP_AT_ONCE)
      const query = this.#db.table('assets').whereIn(column, batch)
      found.push(...((await query.select(...selected)) as R[]))
    }
    return found
  }
}
