import type { PlatformDb } from '../data/platform-db.ts'
import { PLATFORM_LANE } from './lane.ts'

const DAY_MS = 86_400_000
const AT_ONCE = 1000
const MOST_ROUNDS = 20

/** How long what is done, and what nobody asks for, is kept. */
export interface Retention {
  /** Delivered events. */
  readonly keepDays: number
  /** Subscriptions that no instance has renewed, with what waits for them. */
  readonly forgetAfterDays: number
}

/**
 * Deletes events that every listener has heard and that are older than the retention, and the lanes of listeners that
 * have gone. Bounded: what it leaves, the next call finds.
 * @returns the number of events deleted
 */
export async function purgeEvents(
  db: PlatformDb,
  now: Date,
  { keepDays, forgetAfterDays }: Retention,
): Promise<number> {
  const ago = (days: number): Date => new Date(now.getTime() - days * DAY_MS)
  await db.table('outbox_subscriptions').where('seen_at', '<', ago(forgetAfterDays)).delete()
  const listening = db.table('outbox_subscriptions').select('plugin')
  await db.table('outbox_lanes').whereNotIn('plugin', listening).delete()

  let deleted = 0
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const [oldest] = await db.table('outbox').select('created_at').orderBy('id').limit(1)
    if (!oldest || new Date(oldest.created_at) >= ago(keepDays)) break
    const heard: { id: number }[] = await db
      .table('outbox')
      .select('outbox.id')
      .whereNotNull('outbox.batch')
      .where('outbox.created_at', '<', ago(keepDays))
      .whereNotExists(
        db
          .table('outbox_lanes')
          .select(db.knex.raw('1'))
          .whereNotNull('outbox_lanes.due_at')
          .whereRaw('outbox_lanes.lane = COALESCE(outbox.tenant_id, ?)', [PLATFORM_LANE])
          .whereRaw('outbox_lanes.after_batch <= outbox.batch'),
      )
      .orderBy('outbox.id')
      .limit(AT_ONCE)
    const ids = heard.map(({ id }) => id)
    if (ids.length > 0) deleted += await db.table('outbox').whereIn('id', ids).delete()
    if (ids.length < AT_ONCE) break
  }
  return deleted
}
