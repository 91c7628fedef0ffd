import type { Row } from '../database.ts'

/** One column of a row as tedious gives it. */
export interface MssqlColumn {
  readonly value: unknown
  readonly metadata: {
    readonly colName: string
    readonly type: { readonly name: string }
    readonly dataLength?: number | undefined
  }
}

/** A row as the rest of the program knows it: ISO 8601 times, bigints as numbers while they are exact. */
export function mssqlRow(columns: readonly MssqlColumn[]): Row {
  const row: Row = {}
  for (const column of columns) row[column.metadata.colName] = mssqlValue(column)
  return row
}

/** One value of such a row. */
export function mssqlValue({ value, metadata }: MssqlColumn): unknown {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'string' && isBigint(metadata)) {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : BigInt(value)
  }
  return value
}

function isBigint({ type, dataLength }: MssqlColumn['metadata']): boolean {
  return type.name === 'BigInt' || (type.name === 'IntN' && dataLength === 8)
}
