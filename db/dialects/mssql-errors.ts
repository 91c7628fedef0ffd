const UNIQUE = new Set([2601, 2627])
const FOREIGN_KEY = new Set([547])
const FULL = new Set([1101, 1105, 9002, 40544])

/** Numbers after which the same work may succeed: Azure SQL's transient errors, deadlocks, lock and snapshot conflicts. */
const TRANSIENT = new Set([
  64, 233, 1205, 1222, 3960, 4060, 4221, 6005, 10053, 10054, 10060, 10928, 10929, 17142, 18401, 40143, 40197, 40501,
  40540, 40613, 42108, 42109, 49918, 49919, 49920,
])
/** What happens to a connection, also while it signs in with a token of the identity endpoint. */
const DROPPED = new Set([
  'EFEDAUTH',
  'ESOCKET',
  'ECLOSE',
  'ECONNCLOSED',
  'ECONNRESET',
  'ETIMEOUT',
  'ETIMEDOUT',
  'EPIPE',
])

/** The server has undone the whole transaction, as if it had not been: deadlock victim, conflict of snapshots. */
const UNDONE = new Set([1205, 3960])
/** A value is not of the type of the column it is compared with: uniqueidentifier, number, time; or it is out of range. */
const UNREADABLE = new Set([206, 241, 242, 245, 248, 8114, 8115, 8169])
/** Babelfish's number for what it has no number of SQL Server for. */
const UNMAPPED = 33557097

/** True for error 2601 or 2627. */
export const isUniqueViolation = (error: unknown): boolean => UNIQUE.has(numberOf(error))

/** True for error 547 of a foreign key; a violated CHECK has the same number. */
export const isForeignKeyViolation = (error: unknown): boolean =>
  FOREIGN_KEY.has(numberOf(error)) && /FOREIGN KEY|REFERENCE/i.test(messageOf(error))

/** True when data file, log or Azure's size limit is reached. */
export const isStorageFull = (error: unknown): boolean => FULL.has(numberOf(error))

/** True for throttling, fail-over, a dropped connection, a deadlock victim. */
export function isTransient(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isTransient)
  // tedious's own word for a failed sign-in, which has no number.
  if (property(error, 'isTransient') === true) return true
  return TRANSIENT.has(numberOf(error)) || DROPPED.has(String(property(error, 'code'))) || isUnusable(error)
}

/**
 * True for a connection that ended before the statement was sent, and for a server that lets nobody in because it starts
 * or stops; tedious gives neither a number. A wrong password stays what it is.
 */
function isUnusable(error: unknown): boolean {
  const [code, message] = [property(error, 'code'), String(property(error, 'message'))]
  if (code === 'EINVALIDSTATE') return message.includes('Final state')
  return code === 'ELOGIN' && !message.startsWith('Login failed for user')
}

/** True when the transaction is gone and nothing of it is left, so that all of it may run again. */
export const isUndone = (error: unknown): boolean => UNDONE.has(numberOf(error))

/** True when a value could not be converted to the type of the column it was compared with. */
export const isUnreadable = (error: unknown): boolean =>
  UNREADABLE.has(numberOf(error)) ||
  (numberOf(error) === UNMAPPED && /invalid input syntax|is out of range/.test(messageOf(error)))

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '')

const numberOf = (error: unknown): number => Number(property(error, 'number') ?? Number.NaN)

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined
}
