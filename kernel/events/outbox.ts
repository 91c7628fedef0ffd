import { newId } from '../data/id.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'

/** What happened, on its way to whoever listens. */
export interface NewEvent {
  /** `<plugin>.<noun>-<past participle>` */
  readonly event: string
  /** JSON, at most 64 k characters of it: ids, not records. */
  readonly payload: unknown
  /** Undefined: an event of the platform. */
  readonly tenantId: string | undefined
  readonly now: Date
}

/** The part of `TenantDb` and `PlatformDb` that writing an event needs. */
export type OutboxDb = Pick<TenantDb, 'all' | 'transaction' | 'tenantId'> | Pick<PlatformDb, 'all' | 'transaction'>

/** Most characters of a payload in JSON. A lane reads events in batches, so this bounds what a batch weighs. */
export const LARGEST_PAYLOAD = 65_536

interface EventValues {
  readonly event_id: string
  readonly event: string
  readonly payload: string
  readonly created_at: Date
}

const ofTenant = prepare<EventValues, never>((from, { event_id, event, payload, created_at }) =>
  from.table('outbox').insert({ event_id, event, payload, created_at }),
)

const ofPlatform = prepare<EventValues & { tenant_id: string | null }, never>(
  (from, { event_id, event, payload, created_at, tenant_id }) =>
    from.table('outbox').insert({ event_id, event, payload, created_at, tenant_id }),
)

/**
 * Writes an event in the transaction under way, so that it is told exactly if the work commits.
 * Call `delivery.nudge()` after the commit; without it the event waits for the next poll.
 * @returns the event's id, which every delivery of it carries
 * @throws Error for a payload that is too large or cannot be JSON.
 */
export async function appendEvent(db: OutboxDb, { event, payload, tenantId, now }: NewEvent): Promise<string> {
  const json = JSON.stringify(payload ?? null)
  if (json.length > LARGEST_PAYLOAD) {
    throw new Error(
      `the payload of event "${event}" has ${json.length} characters, at most ${LARGEST_PAYLOAD} are taken: ` +
        'send ids instead of records, or several events',
    )
  }
  const values = { event_id: newId(), event, payload: json, created_at: now }
  await db.transaction(async () => {
    if ('tenantId' in db) {
      if (tenantId !== db.tenantId) throw new Error(`event "${event}" must be of the tenant whose database writes it`)
      await db.all(ofTenant, values)
    } else {
      await db.all(ofPlatform, { ...values, tenant_id: tenantId ?? null })
    }
  })
  return values.event_id
}
