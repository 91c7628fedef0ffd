import { z } from 'zod'
import { contains, defineList, equals, newId, oneOf, prepare, type TenantDb } from '../../../kernel/contract.ts'
import { nameKey } from '../../sites/public.ts'
import { Asset, type AssetChange, type NewAsset } from '../asset.ts'

/** SQL Server binds at most 2,100 values in a statement; an asset has 18. */
const INSERTED_AT_ONCE = 100
const LOOKED_UP_AT_ONCE = 500

/** A row of `assets`. */
export interface AssetRow extends Omit<Asset, 'cpes'> {
  readonly cpes: string
  readonly revision: number
}

export const assetColumns = [
  'id',
  'name',
  'type',
  'site_id',
  'producer',
  'model',
  'version',
  'ip_address',
  'mac_address',
  'criticality',
  'lifecycle',
  'cpes',
  'external_key',
  'created_at',
  'updated_at',
  'revision',
] as const

/** The row as the API shows it. */
export const toAsset = (row: AssetRow): Asset => ({
  id: row.id,
  name: row.name,
  type: row.type,
  site_id: row.site_id,
  producer: row.producer,
  model: row.model,
  version: row.version,
  ip_address: row.ip_address,
  mac_address: row.mac_address,
  criticality: row.criticality,
  lifecycle: row.lifecycle,
  cpes: JSON.parse(row.cpes) as string[],
  external_key: row.external_key,
  created_at: row.created_at,
  updated_at: row.updated_at,
})

/** The list of assets: filters, orders and pages. */
export const assetList = defineList({
  table: 'assets',
  columns: assetColumns,
  sorts: { created_at: 'created_at', updated_at: 'updated_at', name: 'name' },
  defaultSort: '-created_at',
  filters: {
    q: contains('name', 'producer', 'model', 'ip_address', 'mac_address'),
    site_id: equals('site_id', z.guid().toLowerCase()),
    type: oneOf('type', Asset.shape.type),
    criticality: oneOf('criticality', Asset.shape.criticality),
    lifecycle: oneOf('lifecycle', Asset.shape.lifecycle),
    producer: equals('producer', z.string().max(200)),
  },
  item: toAsset,
})

const byId = prepare<{ id: string }, AssetRow>((from, v) =>
  from
    .table('assets')
    .where('id', v.id)
    .select(...assetColumns),
)

/** Assets of the call's tenant. */
export class AssetRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  find(id: string): Promise<AssetRow | undefined> {
    return this.#db.first(byId, { id })
  }

  async insert(assets: readonly NewAsset[], source: 'manual' | 'import', now: Date): Promise<AssetRow[]> {
    const time = now.toISOString()
    const rows = assets.map(asset => ({
      id: newId(),
      ...asset,
      cpes: JSON.stringify(asset.cpes),
      source,
      created_at: time,
      updated_at: time,
      revision: 1,
    }))
    for (let start = 0; start < rows.length; start += INSERTED_AT_ONCE) {
      await this.#db.table('assets').insert(rows.slice(start, start + INSERTED_AT_ONCE))
    }
    return rows
  }

  /** False when the asset is no longer at this revision. */
  async update(id: string, revision: number, { cpes, ...change }: AssetChange, now: Date): Promise<boolean> {
    const changed = await this.#db
      .table('assets')
      .where({ id, revision })
      .update({
        ...change,
        ...(cpes ? { cpes: JSON.stringify(cpes) } : {}),
        revision: revision + 1,
        updated_at: now.toISOString(),
      })
    return changed > 0
  }

  /** False when the asset is no longer at this revision. */
  async delete(id: string, revision: number): Promise<boolean> {
    return (await this.#db.table('assets').where({ id, revision }).delete()) > 0
  }

  /** Assets with one of these ids. */
  byIds(ids: readonly string[]): Promise<AssetRow[]> {
    return this.#in(ids, (query, batch) => query.whereIn('id', batch))
  }

  /** Assets with one of these external keys. */
  byExternalKeys(keys: readonly string[]): Promise<AssetRow[]> {
    return this.#in(keys, (query, batch) => query.whereIn('external_key', batch))
  }

  /** Assets with one of these names, compared by `nameKey`. */
  async byNames(names: readonly string[]): Promise<AssetRow[]> {
    const keys = new Set(names.map(nameKey))
    const found = await this.#in([...keys], (query, batch) =>
      query.whereRaw(`lower(name) in (${batch.map(() => '?')})`, batch),
    )
    return found.filter(({ name }) => keys.has(nameKey(name)))
  }

  async #in(
    values: readonly string[],
    where: (query: ReturnType<TenantDb['table']>, batch: readonly string[]) => ReturnType<TenantDb['table']>,
  ): Promise<AssetRow[]> {
    const found: AssetRow[] = []
    for (let start = 0; start < values.length; start += LOOKED_UP_AT_ONCE) {
      const batch = values.slice(start, start + LOOKED_UP_AT_ONCE)
      found.push(...((await where(this.#db.table('assets'), batch).select(...assetColumns)) as AssetRow[]))
    }
    return found
  }
}
