import type * as Tedious from 'tedious'

type Types = typeof Tedious.TYPES

/** How a value is sent to SQL Server. */
export interface MssqlParameter {
  readonly type: Types[keyof Types]
  readonly value: unknown
  readonly options?: { readonly length?: number; readonly scale?: number }
}

const INT_MAX = 2 ** 31 - 1
const INT_MIN = -(2 ** 31)
const LONGEST_NVARCHAR = 4000

/**
 * The SQL Server type of a value. Text up to 4,000 characters is always nvarchar(4000), so that one statement has one
 * cached plan whatever the lengths are; times are datetime2(3), which datetime would round to 3.33 ms.
 * @throws TypeError for a value that a column cannot hold.
 */
export function mssqlParameter(types: Types, value: unknown): MssqlParameter {
  if (value === null || value === undefined) {
    return { type: types.NVarChar, value: null, options: { length: LONGEST_NVARCHAR } }
  }
  if (value instanceof Date) return { type: types.DateTime2, value, options: { scale: 3 } }
  if (Buffer.isBuffer(value)) return { type: types.VarBinary, value }
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST_NVARCHAR
        ? { type: types.NVarChar, value }
        : { type: types.NVarChar, value, options: { length: LONGEST_NVARCHAR } }
    case 'boolean':
      return { type: types.Bit, value }
    case 'bigint':
      return { type: types.BigInt, value: String(value) }
    case 'number':
      return numberParameter(types, value)
    default:
      throw new TypeError(`a ${typeof value} cannot be bound; write JSON as text`)
  }
}

function numberParameter(types: Types, value: number): MssqlParameter {
  if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be bound`)
  if (!Number.isInteger(value)) return { type: types.Float, value }
  if (value >= INT_MIN && value <= INT_MAX) return { type: types.Int, value }
  if (Number.isSafeInteger(value)) return { type: types.BigInt, value: String(value) }
  throw new TypeError(`${value} is too large to be bound exactly; give it as a bigint`)
}
