import type { PlatformDb } from '../data/platform-db.ts'
import { PLATFORM_LANE } from './lane.ts'

/** A lane that stands because an event fails, or that has given an event up. */
export interface TroubledLane {
  readonly plugin: string
  /** Undefined: the lane of the platform's events. */
  readonly tenantId: string | undefined
  /** Failed attempts at the event that comes next. */
  readonly attempts: number
  /** Events given up, ever. */
  readonly dead: number
  /** What the last failure said. */
  readonly error: string | null
}

/** How the deliveries are doing, over all instances. */
export interface DeliveryStats {
  /** Lanes with events to hear, by plugin. */
  readonly behind: Readonly<Record<string, number>>
  /** The worst fifty. */
  readonly troubled: readonly TroubledLane[]
}

/** Reads how the deliveries are doing. */
export async function deliveryStats(db: PlatformDb): Promise<DeliveryStats> {
  const behind: { plugin: string; lanes: number }[] = await db
    .table('outbox_lanes')
    .select('plugin')
    .count({ lanes: '*' })
    .whereNotNull('due_at')
    .groupBy('plugin')
  const troubled: (Omit<TroubledLane, 'tenantId'> & { lane: string })[] = await db
    .table('outbox_lanes')
    .select('plugin', 'lane', 'attempts', 'dead', 'error')
    .where('attempts', '>', 0)
    .orWhere('dead', '>', 0)
    .orderBy([{ column: 'attempts', order: 'desc' }, { column: 'dead', order: 'desc' }, 'plugin', 'lane'])
    .limit(50)
  return {
    behind: Object.fromEntries(behind.map(({ plugin, lanes }) => [plugin, Number(lanes)])),
    troubled: troubled.map(({ lane, ...rest }) => ({ ...rest, tenantId: lane === PLATFORM_LANE ? undefined : lane })),
  }
}
