import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'

/** Unread notifications are told up to this number. */
export const MOST_COUNTED = 1_000

const ofOne = prepare<{ userId: string }, { unread: number }>((from, v) =>
  from.table('notifications').where('user_id', v.userId).whereNull('read_at').count({ unread: '*' }),
)

/** How many notifications a user has not read, at most `MOST_COUNTED`: one look at an index. */
export async function countUnread(db: TenantDb, userId: string): Promise<number> {
  const row = await db.first(ofOne, { userId })
  return capped(row?.unread ?? 0)
}

/** The same for several users, by user; those who have read everything are left out. */
export async function unreadOf(db: TenantDb, userIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows: { user_id: string; unread: number }[] = await db
    .table('notifications')
    .whereIn('user_id', userIds)
    .whereNull('read_at')
    .groupBy('user_id')
    .select('user_id')
    .count({ unread: '*' })
  return new Map(rows.map(({ user_id, unread }) => [user_id, capped(unread)]))
}

const capped = (count: number): number => Math.min(Number(count), MOST_COUNTED)
