import { newId } from '../../../kernel/data/id.ts'
import { createDelivery, type Delivery, type DeliveryOptions } from '../../../kernel/events/delivery.ts'
import { appendEvent } from '../../../kernel/events/outbox.ts'
import type { DeliveredEvent, Outcome } from '../../../kernel/events/subscriptions.ts'
import type { Scene } from './scene.ts'

/** What a listener does. */
export type Handle = (event: DeliveredEvent) => Promise<Outcome>

/** A delivery on the scene's database and clock. */
export const deliveryOf = (s: Scene, options: Partial<DeliveryOptions> = {}): Delivery =>
  createDelivery({ database: s.database, log: s.log, now: s.now, ...options })

/** Commits an event. */
export const emit = (s: Scene, tenantId: string | undefined, payload: unknown, event = 'sites.site-created') =>
  appendEvent(s.db, { event, payload, tenantId, now: s.now() })

/** Listens to events of tenants. */
export const listen = (delivery: Delivery, deliver: Handle, plugin = 'assets', event = 'sites.site-created') =>
  delivery.subscribe({ plugin, event, scope: 'tenant', deliver })

/** What a listener heard, as `<tenant> <payload>`, in order. */
export function hearing(s: Scene) {
  const heard: string[] = []
  const deliver: Handle = async ({ tenantId, payload }) => {
    heard.push(`${'abc'[s.tenants.indexOf(tenantId ?? '')] ?? 'platform'} ${String(payload)}`)
    return undefined
  }
  return { heard, deliver }
}

/** Ids of as many more tenants. */
export async function moreTenants(s: Scene, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId())
  for (const id of ids) {
    const times = { created_at: s.now(), updated_at: s.now() }
    await s.db.table('tenants').insert({ id, name: id, account_name: id, status: 'active', ...times })
  }
  return ids
}
