const UNIQUE = new Set([2601, 2627])
const FOREIGN_KEY = new Set([547])
const FULL = new Set([1101, 1105, 9002, 40544])

/** Numbers after which the same work may succeed: Azure SQL's transient errors, deadlocks, lock and snapshot conflicts. */
const TRANSIENT = new Set([
  64, 233, 1205, 1222, 3960, 4060, 4221, 10053, 10054, 10060, 10928, 10929, 40143, 40197, 40501, 40540, 40613, 42108,
  42109, 49918, 49919, 49920,
])
const DROPPED = new Set(['ESOCKET', 'ECONNCLOSED', 'ECONNRESET', 'ETIMEOUT', 'ETIMEDOUT', 'EPIPE'])

/** True for error 2601 or 2627. */
export const isUniqueViolation = (error: unknown): boolean => UNIQUE.has(numberOf(error))

/** True for error 547 of a foreign key; a violated CHECK has the same number. */
export const isForeignKeyViolation = (error: unknown): boolean =>
  FOREIGN_KEY.has(numberOf(error)) && /FOREIGN KEY|REFERENCE/.test(error instanceof Error ? error.message : '')

/** True when data file, log or Azure's size limit is reached. */
export const isStorageFull = (error: unknown): boolean => FULL.has(numberOf(error))

/** True for throttling, fail-over, a dropped connection, a deadlock victim. */
export function isTransient(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isTransient)
  return TRANSIENT.has(numberOf(error)) || DROPPED.has(String(property(error, 'code')))
}

const numberOf = (error: unknown): number => Number(property(error, 'number') ?? Number.NaN)

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined
}
