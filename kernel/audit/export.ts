import { stringify } from 'csv-stringify/sync'
import { type AuditRow, auditColumns, exportedRecord } from './audit-row.ts'

type Pages = AsyncIterable<readonly AuditRow[]>

/**
 * The lines as CSV (RFC 4180, with a header). A value that a spreadsheet would run as a formula gets a `'` in front
 * (OWASP, CSV injection).
 */
export async function* csvOf(pages: Pages): AsyncGenerator<string, void, undefined> {
  yield stringify([auditColumns], { record_delimiter: 'windows' })
  for await (const lines of pages) {
    yield stringify([...lines], { columns: [...auditColumns], escape_formulas: true, record_delimiter: 'windows' })
  }
}

/** The lines as one JSON array, each on a line of the file, in the form that its hash covers (`recordOf`). */
export async function* jsonArrayOf(pages: Pages): AsyncGenerator<string, void, undefined> {
  let between = '['
  for await (const lines of pages) {
    yield between + lines.map(exportedRecord).join(',\n')
    between = ',\n'
  }
  yield between === '[' ? '[]\n' : ']\n'
}
