import { stringify } from 'csv-stringify/sync'
import type { Call } from '../../../kernel/contract.ts'
import type { Asset } from '../asset.ts'
import { assetList } from '../repositories/asset-repository.ts'

const PAGE = 200
const columns: readonly (keyof Asset)[] = [
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
]

type ListQuery = Parameters<typeof assetList.page>[1]

/** The assets that a list query finds, page by page, so that memory stays flat whatever their number. */
async function* pages(call: Call, query: ListQuery): AsyncGenerator<Asset[]> {
  let cursor: string | undefined
  do {
    call.signal.throwIfAborted()
    const page = await assetList.page(call.db, { ...query, limit: PAGE, cursor, count: false })
    yield page.items
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
}

/** CSV that an import takes back. Cells that a spreadsheet would run as a formula start with an apostrophe. */
export async function* exportCsv(call: Call, query: ListQuery): AsyncGenerator<string> {
  yield stringify([[...columns]])
  for await (const assets of pages(call, query)) {
    const rows = assets.map(asset => columns.map(column => (column === 'cpes' ? asset.cpes.join(' ') : asset[column])))
    yield stringify(rows, { escape_formulas: true })
  }
}

/** A JSON array, written while it is read. */
export async function* exportJson(call: Call, query: ListQuery): AsyncGenerator<string> {
  let before = '['
  for await (const assets of pages(call, query)) {
    for (const asset of assets) {
      yield `${before}${JSON.stringify(asset)}`
      before = ',\n'
    }
  }
  yield before === '[' ? '[]\n' : ']\n'
}
