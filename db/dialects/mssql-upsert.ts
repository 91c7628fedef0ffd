import type { Row } from '../database.ts'

type ColumnType = 'bit' | 'bigint' | 'float' | 'nvarchar(400)' | 'nvarchar(max)'

/** One batch for SQL Server: the statement has one `?`, for the rows as JSON. */
export interface Upsert {
  readonly sql: string
  readonly json: string
}

/** The same for engines that read JSON badly: a `?` for each value, all of them as text. */
export interface UpsertOfValues {
  readonly sql: string
  readonly values: readonly (string | null)[]
}

/**
 * Rows as one batch that updates those whose key exists and inserts the others. Not MERGE, which races with itself:
 * both statements hold their key ranges to the end of the transaction, so two upserts of one key take turns.
 * The rows travel as one JSON parameter, so their number is not limited by that of bindings.
 * @param update columns to write when the key exists; `[]` keeps the old row
 */
export function mssqlUpsert(
  table: string,
  rows: readonly Row[],
  key: readonly string[],
  update: readonly string[],
): Upsert {
  const columns = Object.keys(rows[0] ?? {})
  const shape = columns.map(column => `${quote(column)} ${typeOf(column, rows, key)}`).join(', ')
  const source = `OPENJSON(@rows) WITH (${shape}) AS source`
  return {
    sql: `DECLARE @rows nvarchar(max) = ?; ${statements(table, columns, [source, source], key, update)}`,
    json: JSON.stringify(oneByKey(rows, key, update.length > 0), jsonValue),
  }
}

/** As `mssqlUpsert`, with a table of values. At most 2,000 values fit in a batch, and 1,000 rows. */
export function mssqlUpsertOfValues(
  table: string,
  rows: readonly Row[],
  key: readonly string[],
  update: readonly string[],
): UpsertOfValues {
  const columns = Object.keys(rows[0] ?? {})
  const kept = oneByKey(rows, key, update.length > 0)
  const typed = columns.map(column => `CAST(row.${quote(column)} AS ${typeOf(column, rows, key)}) AS ${quote(column)}`)
  const source = (valueAt: (index: number) => string): string => {
    const values = kept.map((_row, at) => `(${columns.map((_name, n) => valueAt(at * columns.length + n)).join(', ')})`)
    const names = columns.map(quote).join(', ')
    return `(SELECT ${typed.join(', ')} FROM (VALUES ${values.join(', ')}) AS row (${names})) AS source`
  }
  // The second statement names the parameters that Knex makes of the `?` of the first.
  const [first, second] = [source(() => '?'), source(index => `@p${index}`)]
  return {
    sql: statements(table, columns, [first, update.length > 0 ? second : first], key, update),
    values: kept.flatMap(one => columns.map(column => textOf(one[column]))),
  }
}

function statements(
  table: string,
  columns: readonly string[],
  [updated, inserted]: readonly [string, string],
  key: readonly string[],
  update: readonly string[],
): string {
  const sameKey = key.map(column => `target.${quote(column)} = source.${quote(column)}`).join(' AND ')
  const assignments = update.map(column => `${quote(column)} = source.${quote(column)}`).join(', ')
  const updating = `UPDATE target SET ${assignments} FROM ${quote(table)} AS target WITH (UPDLOCK, SERIALIZABLE) INNER JOIN ${updated} ON ${sameKey}; `
  const inserting =
    `INSERT INTO ${quote(table)} (${columns.map(quote).join(', ')}) ` +
    `SELECT ${columns.map(column => `source.${quote(column)}`).join(', ')} FROM ${inserted} ` +
    `WHERE NOT EXISTS (SELECT 1 FROM ${quote(table)} AS target WITH (UPDLOCK, SERIALIZABLE) WHERE ${sameKey})`
  return `${update.length > 0 ? updating : ''}${inserting}`
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'boolean' ? String(Number(value)) : String(value)
}

/**
 * One INSERT cannot meet its own rows, so of several with one key the one that would win is kept. A null is like nothing
 * else, so a row that has one in its key stands for itself.
 */
function oneByKey(rows: readonly Row[], key: readonly string[], lastWins: boolean): readonly Row[] {
  const byKey = new Map<string | Row, Row>()
  for (const row of rows) {
    if (key.some(column => row[column] === null || row[column] === undefined)) {
      byKey.set(row, row)
      continue
    }
    const name = JSON.stringify(
      key.map(column => row[column]),
      jsonValue,
    )
    if (lastWins || !byKey.has(name)) byKey.set(name, row)
  }
  return [...byKey.values()]
}

/** The type by which OPENJSON reads a column; the server converts it to that of the table. */
function typeOf(column: string, rows: readonly Row[], key: readonly string[]): ColumnType {
  const kinds = new Set<ColumnType>()
  for (const row of rows) {
    const kind = kindOf(row[column])
    if (kind) kinds.add(kind)
  }
  const [only] = kinds
  if (kinds.size === 1 && only && only !== 'nvarchar(max)') return only
  if (kinds.size === 2 && kinds.has('bigint') && kinds.has('float')) return 'float'
  return key.includes(column) ? 'nvarchar(400)' : 'nvarchar(max)'
}

function kindOf(value: unknown): ColumnType | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'boolean') return 'bit'
  if (typeof value === 'bigint') return 'bigint'
  if (typeof value === 'number') return Number.isInteger(value) ? 'bigint' : 'float'
  if (typeof value === 'string' || value instanceof Date) return 'nvarchar(max)'
  throw new TypeError(`an upsert cannot hold ${typeof value} values; write JSON as text`)
}

const jsonValue = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

const quote = (name: string): string => `[${name.replaceAll(']', ']]')}]`
