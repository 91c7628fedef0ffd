import { setTimeout as rest } from 'node:timers/promises'
import type { Knex } from 'knex'
import type { PlatformCall } from '../contract.ts'

/** Days that a notification is kept after it was read, and that one is kept which nobody reads. */
export const READ_DAYS = 30
export const UNREAD_DAYS = 90

const DAY_MS = 86_400_000
/** Rows of one statement, and the rest after it, in which others get their turn. */
const AT_ONCE = 500
const REST_MS = 20

/** Deletes old notifications of all tenants, in small statements. */
export async function deleteOld(call: PlatformCall): Promise<{ readonly deleted: number }> {
  const ago = (days: number): Date => new Date(call.now().getTime() - days * DAY_MS)
  const conditions: ((query: Knex.QueryBuilder) => void)[] = [
    query => void query.where('read_at', '<=', ago(READ_DAYS)),
    query => void query.where('created_at', '<=', ago(UNREAD_DAYS)).whereNull('read_at'),
  ]
  let deleted = 0
  for (const condition of conditions) {
    for (let count = AT_ONCE; count === AT_ONCE; ) {
      call.signal.throwIfAborted()
      count = await call.db.transaction(async () => {
        const old: { id: string }[] = await call.db.table('notifications').where(condition).select('id').limit(AT_ONCE)
        const ids = old.map(({ id }) => id)
        if (ids.length > 0) await call.db.table('notifications').whereIn('id', ids).delete()
        return ids.length
      })
      deleted += count
      if (count === AT_ONCE) await rest(REST_MS)
    }
  }
  return { deleted }
}
