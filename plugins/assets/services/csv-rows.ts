import { setImmediate as nextTurn } from 'node:timers/promises'
import { problem } from '../../../kernel/contract.ts'
import { CsvReader, type CsvRecord, LONGEST_RECORD } from './csv-reader.ts'
import { unguarded } from './formula-guard.ts'

/** Most rows of one file. */
export const MOST_ROWS = 100_000

/** A field that a column fills. `site` is the name of a site, `id` the id of an exported asset. */
export type CsvField = (typeof columns)[keyof typeof columns]

/** One row of the file: its cells by field, or why it cannot be read. */
export interface CsvRow {
  /** Line of the file on which it begins; the first line is 1. */
  readonly row: number
  readonly cells?: ReadonlyMap<CsvField, string>
  readonly fault?: string
}

/** What a column may be called, to the field it fills; `ignored` ones are in our own export. */
const columns = {
  id: 'id',
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
  created_at: 'ignored',
  updated_at: 'ignored',
} as const satisfies Record<string, string>

const NOT_UTF8 = 'The file is not UTF-8 text. In a spreadsheet, save it as "CSV UTF-8".'
/** U+FFFD stands where bytes were not UTF-8. */
const isText = (cell: string): boolean => !cell.includes('\ufffd') && !cell.includes('\0')

/**
 * Reads the rows of a CSV file with a header. A row that is malformed, or has another number of cells than the header, is
 * reported as such, and reading goes on. It ends with the first row beyond `MOST_ROWS`, which says so.
 * @param content the text of the file, in pieces of any size
 * @throws Problem `invalid` for a header that cannot be imported, before any row is given
 */
export async function* csvRows(content: AsyncIterable<string> | Iterable<string>): AsyncGenerator<CsvRow> {
  const reader = new CsvReader()
  let fields: readonly CsvField[] | undefined
  let rows = 0
  const read = function* (records: readonly CsvRecord[]): Generator<CsvRow> {
    for (const record of records) {
      if (rows > MOST_ROWS) return
      if (fields) yield ++rows > MOST_ROWS ? surplus(record) : toRow(record, fields)
      else fields = readHeader(record)
    }
  }
  for await (const piece of content) {
    yield* read(reader.read(piece))
    if (rows > MOST_ROWS) return
    await nextTurn()
  }
  yield* read(reader.end())
  if (!fields) throw problem('invalid', 'The file is empty. The first line must name the columns.')
}

/**
 * Refuses a file that `csvRows` would refuse, without reading its rows.
 * @throws Problem `invalid`
 */
export async function checkHeader(content: string): Promise<void> {
  await csvRows([content.slice(0, LONGEST_RECORD)]).next()
}

function readHeader({ cells, fault }: CsvRecord): CsvField[] {
  if (!cells) throw problem('invalid', `The first line must name the columns, but it ${fault}.`)
  if (!cells.every(isText)) throw problem('invalid', NOT_UTF8)
  const fields = cells.map(fieldOf)
  const known = fields.filter(field => field !== undefined)
  if (known.length < fields.length) {
    const unknown = cells.filter((_, at) => fields[at] === undefined).map(name => `"${name.slice(0, 100)}"`)
    const all = [...new Set(Object.values(columns))].filter(field => field !== 'ignored').join(', ')
    throw problem('invalid', `Unknown column ${unknown.slice(0, 10).join(', ')}. Known are ${all}.`)
  }
  const twice = known.find((field, at) => field !== 'ignored' && known.indexOf(field) !== at)
  if (twice) throw problem('invalid', `Two columns fill "${twice}".`)
  if (known.includes('site') && known.includes('site_id')) {
    throw problem('invalid', 'The file has both "site" and "site_id"; one of them is enough.')
  }
  if (!known.includes('name') || !known.includes('type')) {
    throw problem('invalid', 'The first line must name the columns, "name" and "type" among them.')
  }
  return known
}

function fieldOf(header: string): CsvField | undefined {
  const name = header.toLowerCase().replace(/[\s-]+/g, '_')
  return Object.hasOwn(columns, name) ? columns[name as keyof typeof columns] : undefined
}

function toRow({ line, cells, fault }: CsvRecord, fields: readonly CsvField[]): CsvRow {
  if (!cells) return { row: line, fault: `the row ${fault}` }
  if (cells.length !== fields.length) {
    return { row: line, fault: `the row has ${cells.length} cells, the header has ${fields.length}` }
  }
  const odd = cells.findIndex(cell => !isText(cell))
  if (odd >= 0) return { row: line, fault: `${fields[odd]}: is not UTF-8 text; save the file as "CSV UTF-8"` }
  return { row: line, cells: new Map(fields.map((field, at) => [field, unguarded(cells[at] as string)])) }
}

const surplus = ({ line }: CsvRecord): CsvRow => ({
  row: line,
  fault: `a file may have at most ${MOST_ROWS} rows; this one and those after it were not read: import them with another file`,
})
