import { prepare, type TenantDb } from '../../../kernel/contract.ts'
import { assetKey } from '../../vulnerabilities/public.ts'
import type { AssetCpes } from '../public.ts'

/** SQL Server binds at most 2,100 values in a statement; a name has 5. */
const INSERTED_AT_ONCE = 400
const BATCH = 500

interface Named {
  readonly id: string
  readonly cpes: readonly string[]
}

interface NamesRow {
  readonly id: string
  readonly name: string
  readonly cpes: string
}

const toNames = ({ id, name, cpes }: NamesRow): AssetCpes => ({ id, name, cpes: JSON.parse(cpes) as string[] })

const counted = prepare<object, { total: number }>(from =>
  from.table('asset_cpes').countDistinct({ total: 'asset_id' }),
)

/** The CPE names of the tenant's assets, by asset and by product. */
export class AssetCpeRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  /** Puts these names in the place of those that the assets had. */
  async replace(assets: readonly Named[]): Promise<void> {
    for (let start = 0; start < assets.length; start += BATCH) {
      const ids = assets.slice(start, start + BATCH).map(({ id }) => id)
      await this.#db.table('asset_cpes').whereIn('asset_id', ids).delete()
    }
    await this.insert(assets)
  }

  /** The same for assets that have no names yet. */
  async insert(assets: readonly Named[]): Promise<void> {
    const rows = assets.flatMap(({ id, cpes }) =>
      cpes.map((cpe, position) => ({ asset_id: id, position, cpe, product_key: assetKey(cpe) })),
    )
    for (let start = 0; start < rows.length; start += INSERTED_AT_ONCE) {
      await this.#db.table('asset_cpes').insert(rows.slice(start, start + INSERTED_AT_ONCE))
    }
  }

  async byIds(ids: readonly string[]): Promise<AssetCpes[]> {
    const rows: NamesRow[] = await this.#db.table('assets').whereIn('id', ids).select('id', 'name', 'cpes')
    return rows.map(toNames)
  }

  async withCpes(after: string | undefined, limit: number): Promise<AssetCpes[]> {
    const query = this.#db
      .table('assets')
      .whereNot('cpes', '[]')
      .orderBy('id')
      .limit(limit)
      .select('id', 'name', 'cpes')
    if (after !== undefined) query.where('id', '>', after)
    return ((await query) as NamesRow[]).map(toNames)
  }

  async idsWithProducts(keys: readonly string[]): Promise<string[]> {
    const ids = new Set<string>()
    for (let start = 0; start < keys.length; start += BATCH) {
      const rows: { asset_id: string }[] = await this.#db
        .table('asset_cpes')
        .whereIn('product_key', keys.slice(start, start + BATCH))
        .distinct('asset_id')
      for (const row of rows) ids.add(row.asset_id)
    }
    return [...ids]
  }

  async countWithCpes(): Promise<number> {
    return Number((await this.#db.first(counted, {}))?.total ?? 0)
  }
}
