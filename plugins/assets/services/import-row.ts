import { z } from 'zod'
import { type AssetChange, assetTypes, NewAsset } from '../asset.ts'
import type { CsvRow } from './csv-rows.ts'

/** A row that can be imported: what a new asset would be, and what an existing one would change to. */
export interface ImportRow {
  readonly row: number
  readonly asset: NewAsset
  /** Only what the row has cells for: an empty cell leaves the field as it is. */
  readonly change: AssetChange
}

/** A row that cannot be imported, with everything that is wrong with it. */
export interface FaultyRow {
  readonly row: number
  readonly errors: readonly string[]
}

const lowered = new Set(['type', 'criticality', 'lifecycle'])
const change = z.strictObject(NewAsset.shape).partial()

/** Turns the cells of a row into an asset. @param siteIds ids by lower-case name of all sites the file names */
export function importRow({ row, cells, fault }: CsvRow, siteIds: ReadonlyMap<string, string>): ImportRow | FaultyRow {
  if (!cells) return { row, errors: [fault ?? 'cannot be read'] }
  const values: Record<string, unknown> = {}
  const errors: string[] = []
  for (const [field, cell] of Object.entries(cells)) {
    if (cell === '' || field.startsWith('ignored:')) continue
    if (field === 'site') {
      const id = siteIds.get(cell.toLowerCase())
      if (id === undefined) errors.push(`site: there is no site "${cell}"`)
      else values.site_id = id
    } else if (field === 'cpes') values.cpes = cell.split(/(?<!\\)[;|]|\s+/).filter(name => name !== '')
    else values[field] = lowered.has(field) ? cell.toLowerCase().replace(/[\s-]+/g, '_') : cell
  }
  const result = NewAsset.safeParse(values)
  if (!result.success) errors.push(...result.error.issues.map(explain))
  if (errors.length > 0 || !result.success) return { row, errors }
  const given = Object.fromEntries(Object.keys(values).map(field => [field, result.data[field as keyof NewAsset]]))
  return { row, asset: result.data, change: change.parse(given) }
}

function explain({ path, message }: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  const field = String(path[0] ?? 'row')
  if (field === 'type') return `type: must be one of ${assetTypes.join(', ')}`
  return `${path.join('.')}: ${message}`
}

/** True for a row that cannot be imported. */
export const isFaulty = <T extends object>(row: T | FaultyRow): row is FaultyRow => 'errors' in row
