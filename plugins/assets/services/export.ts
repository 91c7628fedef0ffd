import { stringify } from 'csv-stringify/sync'
import type { TenantDb } from '../../../kernel/contract.ts'
import type { Asset } from '../asset.ts'
import { assetList } from '../repositories/asset-repository.ts'
import { guarded } from './formula-guard.ts'

const PAGE = 200

/** In the order in which assets were added, newest first: what changes meanwhile is neither missed nor shown twice. */
const ORDER = '-created_at'

const columns = [
  'id',
  'external_key',
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
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof Asset)[]

/** Which assets: the filters of the list. */
export type ExportFilters = Omit<Parameters<typeof assetList.page>[1], 'limit' | 'cursor' | 'sort' | 'count'>

/** The assets page by page, so that memory stays flat whatever their number. */
async function* pages(db: TenantDb, filters: ExportFilters): AsyncGenerator<Asset[]> {
  let cursor: string | undefined
  do {
    const page = await assetList.page(db, { ...filters, sort: ORDER, limit: PAGE, cursor })
    yield page.items
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
}

/** CSV that an import takes back. Cells that a spreadsheet would run as a formula start with an apostrophe. */
export async function* exportCsv(db: TenantDb, filters: ExportFilters): AsyncGenerator<string> {
  yield stringify([[...columns]])
  for await (const assets of pages(db, filters)) {
    if (assets.length > 0) yield stringify(assets.map(asset => columns.map(column => toCell(asset[column]))))
  }
}

const toCell = (value: string | readonly string[] | null): string =>
  guarded(typeof value === 'string' ? value : (value ?? []).join(' '))

/** A JSON array, written while it is read. */
export async function* exportJson(db: TenantDb, filters: ExportFilters): AsyncGenerator<string> {
  let before = '['
  for await (const assets of pages(db, filters)) {
    if (assets.length === 0) break
    yield before + assets.map(asset => JSON.stringify(asset)).join(',\n')
    before = ',\n'
  }
  yield before === '[' ? '[]\n' : ']\n'
}
