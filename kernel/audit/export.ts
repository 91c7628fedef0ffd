import { stringify } from 'csv-stringify/sync'
import { type AuditLine, auditColumns } from './audit-log.ts'

type Pages = AsyncIterable<readonly AuditLine[]>

/**
 * The lines as CSV (RFC 4180, with a header). A value that a spreadsheet would run as a formula gets a `'` in front
 * (OWASP, CSV injection).
 */
export async function* csvOf(pages: Pages): AsyncGenerator<string, void, undefined> {
  yield stringify([auditColumns], { record_delimiter: 'windows' })
  for await (const lines of pages) {
    const rows = lines.map(line => ({ ...line, before: jsonOf(line.before), after: jsonOf(line.after) }))
    yield stringify(rows, { columns: [...auditColumns], escape_formulas: true, record_delimiter: 'windows' })
  }
}

/** The lines as one JSON array. */
export async function* jsonArrayOf(pages: Pages): AsyncGenerator<string, void, undefined> {
  let between = '['
  for await (const lines of pages) {
    yield between + lines.map(line => JSON.stringify(line)).join(',\n')
    between = ',\n'
  }
  yield between === '[' ? '[]\n' : ']\n'
}

const jsonOf = (value: unknown): string => (value === null ? '' : JSON.stringify(value))
