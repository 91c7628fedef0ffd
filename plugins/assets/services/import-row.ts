import { z } from 'zod'
import { type AssetChange, assetTypes, NewAsset } from '../asset.ts'
import type { CsvRow } from './csv-rows.ts'

/** A row that can be imported: what a new asset would be, and what an existing one would change to. */
export interface ImportRow {
  readonly row: number
  /** The asset it was exported from. */
  readonly id: string | undefined
  readonly asset: NewAsset
  /** Only what the row has cells for: an empty cell leaves the field as it is. */
  readonly change: AssetChange
}

/** A row that cannot be imported, with everything that is wrong with it. */
export interface FaultyRow {
  readonly row: number
  readonly name?: string | undefined
  readonly errors: readonly string[]
}

const MOST_ERRORS = 10
const LONGEST_ERROR = 500

/** Words of the trade that stand for one of our types. */
const typeNames: Readonly<Record<string, string>> = {
  hmi_panel: 'hmi',
  vm: 'virtual_machine',
  switch: 'network_device',
  router: 'network_device',
  firewall: 'network_device',
}

const word = (cell: string): string => cell.toLowerCase().replace(/[\s-]+/g, '_')
const Row = NewAsset.extend({
  id: z.guid('is not an id of ours; a key of another system is an external_key').optional(),
})

/** Turns the cells of a row into an asset. @param siteIds ids of the sites that the file names, by their names there */
export function importRow({ row, cells, fault }: CsvRow, siteIds: ReadonlyMap<string, string>): ImportRow | FaultyRow {
  if (!cells) return { row, errors: [fault ?? 'cannot be read'] }
  const values: Record<string, unknown> = {}
  const errors: string[] = []
  for (const [field, cell] of cells) {
    if (cell === '' || field === 'ignored') continue
    if (field === 'site') {
      const id = siteIds.get(cell)
      if (id === undefined) errors.push(`site: there is no site "${cell.slice(0, 200)}"`)
      else values.site_id = id
    } else if (field === 'type') values.type = typeNames[word(cell)] ?? word(cell)
    else if (field === 'criticality' || field === 'lifecycle') values[field] = word(cell)
    else if (field === 'cpes') values.cpes = cell.split(/(?<!\\)[;|]|\s+/).filter(name => name !== '')
    else values[field] = cell
  }
  const result = Row.safeParse(values)
  if (!result.success) errors.push(...result.error.issues.map(explain))
  if (!result.success || errors.length > 0) return { row, name: cells.get('name')?.slice(0, 200), errors: few(errors) }
  const { id, ...asset } = result.data
  const given = Object.entries(asset).filter(([field]) => field in values)
  return { row, id: id?.toLowerCase(), asset, change: Object.fromEntries(given) }
}

/** Keeps a report from growing beyond the file: a cell of two characters can be wrong in a hundred. */
function few(errors: readonly string[]): string[] {
  const shown = errors.slice(0, MOST_ERRORS).map(error => error.slice(0, LONGEST_ERROR))
  return errors.length > shown.length ? [...shown, `and ${errors.length - shown.length} more`] : shown
}

function explain({ path, message }: z.core.$ZodIssue): string {
  if (path[0] === 'type') return `type: must be one of ${assetTypes.join(', ')}`
  return `${path.join('.')}: ${message}`
}

/** True for a row that cannot be imported. */
export const isFaulty = (row: object): row is FaultyRow => 'errors' in row

/** Those that can be imported. */
export const soundOnes = <T extends object>(rows: readonly (T | FaultyRow)[]): T[] =>
  rows.filter((row): row is T => !isFaulty(row))
