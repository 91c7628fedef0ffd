import type { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { problem } from '../../../kernel/contract.ts'

/** Most rows of one file. */
export const MOST_ROWS = 100_000
const MOST_CELL = 4_000

/** One line of the file: its cells by column, or why it cannot be read. */
export interface CsvRow {
  /** Line number as a spreadsheet shows it: the header is 1. */
  readonly row: number
  readonly cells?: Readonly<Record<string, string>>
  readonly fault?: string
}

/** Names that a column may have, to the field it fills. */
const columns: Readonly<Record<string, string>> = {
  external_key: 'external_key',
  key: 'external_key',
  name: 'name',
  hostname: 'name',
  type: 'type',
  site: 'site',
  site_id: 'site_id',
  producer: 'producer',
  vendor: 'producer',
  manufacturer: 'producer',
  model: 'model',
  version: 'version',
  firmware: 'version',
  os: 'version',
  ip_address: 'ip_address',
  ip: 'ip_address',
  mac_address: 'mac_address',
  mac: 'mac_address',
  criticality: 'criticality',
  lifecycle: 'lifecycle',
  cpes: 'cpes',
  cpe: 'cpes',
}
/** Columns of our own export that an import does not read. */
const ignored = new Set(['id', 'created_at', 'updated_at'])

const fieldOf = (header: string): string => {
  const name = header
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
  return columns[name] ?? (ignored.has(name) ? `ignored:${name}` : `unknown:${header.trim()}`)
}

/**
 * Reads a CSV file row by row: comma, semicolon or tab, with or without a byte order mark. A row with the wrong number
 * of cells is reported and left out; a file that is no CSV at all is refused.
 * @throws Problem `invalid`
 */
export async function* csvRows(content: Readable): AsyncGenerator<CsvRow> {
  const skipped: CsvRow[] = []
  const parser = parse({
    bom: true,
    delimiter: [',', ';', '\t'],
    info: true,
    columns: checkHeader,
    trim: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: 100_000,
    on_skip: error => {
      if (error) skipped.push({ row: Number(error.lines ?? 0), fault: error.message })
      return undefined
    },
  })
  content.on('error', error => parser.destroy(error))
  content.pipe(parser)
  let rows = 0
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
      yield* skipped.splice(0)
      if (++rows > MOST_ROWS) throw problem('too_large', `A file may have at most ${MOST_ROWS} rows.`)
      const long = Object.entries(record).find(([, cell]) => cell.length > MOST_CELL)
      yield long
        ? { row: info.lines, fault: `${long[0]}: at most ${MOST_CELL} characters` }
        : { row: info.lines, cells: withoutGuards(record) }
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code?.startsWith('CSV_')) throw problem('invalid', `The file is not a CSV that can be read: ${message}`)
    throw error
  }
  yield* skipped
}

interface ParsedRecord {
  readonly record: Readonly<Record<string, string>>
  readonly info: { readonly lines: number }
}

function checkHeader(header: readonly string[]): string[] {
  const fields = header.map(fieldOf)
  const unknown = fields.filter(field => field.startsWith('unknown:')).map(field => field.slice('unknown:'.length))
  if (unknown.length > 0) {
    const known = [...new Set(Object.values(columns))].join(', ')
    throw problem('invalid', `Unknown column ${unknown.map(name => `"${name}"`).join(', ')}. Known: ${known}.`)
  }
  const twice = fields.find((field, at) => fields.indexOf(field) !== at)
  if (twice) throw problem('invalid', `Two columns fill "${twice}".`)
  if (!fields.includes('name') || !fields.includes('type')) {
    throw problem('invalid', 'The first line must name the columns, "name" and "type" among them.')
  }
  return fields
}

/** Takes off the apostrophe that exports put before cells which a spreadsheet would run as a formula. */
function withoutGuards(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).map(([field, cell]) => [field, /^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell]),
  )
}
