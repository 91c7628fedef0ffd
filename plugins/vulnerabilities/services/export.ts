import { stringify } from 'csv-stringify/sync'
import type { Call } from '../../../kernel/contract.ts'
import { vulnerabilityList } from '../repositories/vulnerability-repository.ts'
import type { Vulnerability } from '../vulnerability.ts'

const PAGE = 200
const columns: readonly (keyof Vulnerability)[] = [
  'id',
  'cve_id',
  'asset_id',
  'status',
  'reason',
  'accepted_until',
  'confidence',
  'risk',
  'cvss_score',
  'cvss_version',
  'cvss_vector',
  'epss',
  'epss_percentile',
  'kev',
  'kev_due_date',
  'exploits',
  'criteria',
  'first_seen',
  'last_seen',
  'resolved_at',
  'updated_at',
]

type ListQuery = Parameters<typeof vulnerabilityList.page>[1]

/**
 * What a list query finds, whole, as CSV: page by page, so that memory stays flat whatever its length. `criteria` has
 * the criteria that matched, separated by blanks. Cells that a spreadsheet would run as a formula start with an apostrophe.
 */
export async function* exportCsv(call: Call, query: ListQuery): AsyncGenerator<string> {
  yield stringify([[...columns]])
  let cursor: string | undefined
  do {
    call.signal.throwIfAborted()
    const page = await vulnerabilityList.page(call.db, { ...query, limit: PAGE, cursor, count: false })
    yield stringify(page.items.map(toCells), { escape_formulas: true, cast: { boolean: String } })
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
}

const toCells = (row: Vulnerability): unknown[] =>
  columns.map(column => (column === 'criteria' ? row.criteria.map(({ criteria }) => criteria).join(' ') : row[column]))
