import type { Knex } from 'knex'

/** Shorter than a request may take. */
const TURN_MS = 45_000
/** A lock of this database: SQL Server keeps them apart by itself, not every engine does. */
const NAMED = "DECLARE @name nvarchar(255) = DB_NAME() + N' ' + ?; "
const LOCK =
  NAMED +
  'DECLARE @result int; ' +
  "EXEC @result = sys.sp_getapplock @Resource = @name, @LockMode = N'Exclusive', @LockOwner = N'Session', @LockTimeout = ?; " +
  'SELECT @result AS result'
const LOCK_TO_THE_END =
  'DECLARE @result int; ' +
  "EXEC @result = sys.sp_getapplock @Resource = ?, @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = ?; " +
  'SELECT @result AS result'
/** SQL Server's own number for a lock that was not free in time. */
const LOCK_TIMEOUT = 1222
const UNLOCK = `${NAMED}EXEC sys.sp_releaseapplock @Resource = @name, @LockOwner = N'Session'`

/**
 * Runs `work` while a connection of its own holds sp_getapplock; SQL Server frees it when that connection ends,
 * however it ends.
 * @throws Error when the lock was not free within `timeoutMs`.
 */
export async function holdingLock<T>(knex: Knex, name: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const client = knex.client as LockingClient
  const connection = await client.acquireConnection()
  try {
    await lock(knex, connection, name, timeoutMs)
    try {
      return await work()
    } finally {
      await unlock(knex, connection, name)
    }
  } finally {
    await client.releaseConnection(connection)
  }
}

interface LockingClient {
  acquireConnection(): Promise<LockingConnection>
  releaseConnection(connection: LockingConnection): Promise<void>
}
interface LockingConnection {
  close(): void
}

async function lock(knex: Knex, connection: LockingConnection, name: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const wait = Math.max(1, Math.min(TURN_MS, deadline - Date.now()))
    const rows = (await knex.raw(LOCK, [name, wait]).connection(connection)) as readonly { result: number }[]
    const result = rows[0]?.result ?? -999
    if (result >= 0) return
    if (result !== -1) throw new Error(`lock "${name}" was refused (sp_getapplock ${result})`)
    if (Date.now() >= deadline) throw new Error(`lock "${name}" was not free within ${timeoutMs} ms`)
  }
}

/** A connection that cannot give its lock back is closed, which frees it too. */
async function unlock(knex: Knex, connection: LockingConnection, name: string): Promise<void> {
  try {
    await knex.raw(UNLOCK, [name]).connection(connection)
  } catch {
    connection.close()
  }
}

/**
 * Takes a lock that ends with the transaction, however it ends.
 * @throws Error when it stays taken: it passes by itself (`Dialect.isTransient`)
 */
export async function lockInTransaction(trx: Knex, name: string): Promise<void> {
  const rows = (await trx.raw(LOCK_TO_THE_END, [name, TURN_MS])) as readonly { result: number }[]
  const result = rows[0]?.result ?? -999
  if (result < 0) {
    throw Object.assign(new Error(`lock "${name}" was not free (sp_getapplock ${result})`), { number: LOCK_TIMEOUT })
  }
}
