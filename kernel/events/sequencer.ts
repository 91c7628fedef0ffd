import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import { laneOf } from './lane.ts'

/** Events that get their place at once; SQL Server takes 2,100 values in a statement. */
const AT_ONCE = 1000

interface FreshRow {
  readonly id: number
  readonly tenant_id: string | null
  readonly event: string
}

interface SubscriptionRow {
  readonly plugin: string
  readonly event: string
  readonly scope: string
}

const fresh = prepare<object, FreshRow>(from =>
  from.table('outbox').select('id', 'tenant_id', 'event').whereNull('batch').orderBy('id').limit(AT_ONCE),
)
const counter = prepare<object, { value: number }>(from =>
  from.table('revisions').select('value').where('name', 'outbox'),
)
const subscriptions = prepare<object, SubscriptionRow>(from =>
  from.table('outbox_subscriptions').select('plugin', 'event', 'scope'),
)

/**
 * Gives committed events their place in the order, and wakes the lanes that have to hear them.
 *
 * Ids are given when a row is inserted, not when it commits, so a transaction that takes long can commit an id below
 * ones that were already delivered. Therefore the order is (batch, id), where the batch is given here, after the commit.
 * Instances take turns at the counter's row, so batch n is visible before anybody sees n + 1.
 * @returns whether there may be more
 */
export function sequence(db: PlatformDb, now: Date): Promise<boolean> {
  return db.transaction(async () => {
    await db.table('revisions').where('name', 'outbox').increment('value', 1)
    const [row] = await db.all(counter, {})
    if (!row) throw new Error('the row "outbox" is missing from the table revisions')
    const batch = Number(row.value)
    const events = await db.all(fresh, {})
    if (events.length === 0) return false
    const ids = events.map(event => event.id)
    await db.table('outbox').whereIn('id', ids).update({ batch })
    await wake(db, lanesFor(events, await db.all(subscriptions, {})), batch, now)
    return events.length === AT_ONCE
  })
}

/** Lanes by plugin: those with an event that the plugin listens to, whether it is running or not. */
function lanesFor(events: readonly FreshRow[], listening: readonly SubscriptionRow[]): Map<string, Set<string>> {
  const lanes = new Map<string, Set<string>>()
  for (const { event, tenant_id } of events) {
    const scope = tenant_id === null ? 'platform' : 'tenant'
    for (const listener of listening) {
      if (listener.event !== event || listener.scope !== scope) continue
      const known = lanes.get(listener.plugin) ?? new Set()
      lanes.set(listener.plugin, known.add(laneOf(tenant_id)))
    }
  }
  return lanes
}

/** A lane that is new starts with this batch. One that waits after a failure goes on waiting. */
async function wake(db: PlatformDb, lanes: Map<string, Set<string>>, batch: number, now: Date): Promise<void> {
  const start = { after_batch: batch, after_id: 0, wanted_batch: batch, due_at: now }
  const rows = [...lanes].flatMap(([plugin, names]) => [...names].map(lane => ({ plugin, lane, ...start })))
  await db.upsert('outbox_lanes', rows, ['plugin', 'lane'], [])
  for (const [plugin, names] of lanes) {
    await db
      .table('outbox_lanes')
      .where({ plugin })
      .whereIn('lane', [...names])
      .update({ wanted_batch: batch, due_at: db.knex.raw('COALESCE(due_at, ?)', [now]) })
  }
}
