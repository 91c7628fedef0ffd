import { isDeepStrictEqual } from 'node:util'
import { nameKey } from '../../sites/public.ts'
import type { AssetChange } from '../asset.ts'
import { type AssetRepository, type AssetRow, toAsset } from '../repositories/asset-repository.ts'
import { type FaultyRow, type ImportRow, isFaulty, soundOnes } from './import-row.ts'

/** What will be done with a row: without `before` an asset is added, without `change` nothing is done. */
export interface PlannedRow {
  readonly row: ImportRow
  readonly before?: AssetRow
  /** Only what differs from what is stored. */
  readonly change?: AssetChange
}

/**
 * Compares rows with what is stored. A row is the asset that its `id` names, else the one with its `external_key`, else,
 * for a row without a key, the one with its name at its site, or anywhere when it leaves the site open.
 * @param mayUpdate false: rows that would change an asset are faulty
 */
export async function planRows(
  assets: AssetRepository,
  rows: readonly (ImportRow | FaultyRow)[],
  mayUpdate: boolean,
): Promise<(PlannedRow | FaultyRow)[]> {
  const good = soundOnes(rows)
  const byId = indexed(await assets.byIds(good.flatMap(({ id }) => id ?? [])), ({ id }) => id)
  const byKey = indexed(
    await assets.byExternalKeys(good.flatMap(({ asset }) => asset.external_key ?? [])),
    ({ external_key }) => external_key,
  )
  const nameless = good.filter(({ id, asset }) => asset.external_key === null && !byId.has(id ?? ''))
  const byName = Map.groupBy(await assets.byNames(nameless.map(({ asset }) => asset.name)), ({ name }) => nameKey(name))

  function find({ id, asset, change }: ImportRow): AssetRow | undefined | string {
    const exported = id === undefined ? undefined : byId.get(id)
    const key = asset.external_key
    const holder = key === null ? undefined : byKey.get(key)
    if (exported && holder && exported.id !== holder.id) return `external_key: another asset has "${key}"`
    if (exported || key !== null) return exported ?? holder
    const same = (byName.get(nameKey(asset.name)) ?? []).filter(
      ({ site_id }) => change.site_id === undefined || site_id === change.site_id,
    )
    return same.length > 1 ? `name: ${same.length} assets are called so; give each an external_key` : same[0]
  }

  return rows.map(row => {
    if (isFaulty(row)) return row
    const before = find(row)
    if (typeof before === 'string') return faulty(row, before)
    if (!before) return { row }
    const change = difference(before, row.change)
    if (!change) return { row, before }
    return mayUpdate
      ? { row, before, change }
      : faulty(row, 'changes an asset, which needs the permission assets:update')
  })
}

/** A row that turned out not to be importable. */
export const faulty = ({ row, asset }: ImportRow, error: string): FaultyRow => ({
  row,
  name: asset.name,
  errors: [error],
})

const indexed = <K>(rows: readonly AssetRow[], key: (row: AssetRow) => K): ReadonlyMap<K, AssetRow> =>
  new Map(rows.map(row => [key(row), row]))

function difference(before: AssetRow, change: AssetChange): AssetChange | undefined {
  const stored: Readonly<Record<string, unknown>> = toAsset(before)
  const differing = Object.entries(change).filter(([field, value]) => !isDeepStrictEqual(stored[field], value))
  return differing.length > 0 ? Object.fromEntries(differing) : undefined
}
