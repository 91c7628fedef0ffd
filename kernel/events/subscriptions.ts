import type { PlatformDb } from '../data/platform-db.ts'

/** An event as a listener gets it. It may come again: `id` stays the same. */
export interface DeliveredEvent {
  readonly id: string
  readonly event: string
  readonly payload: unknown
  /** Undefined for an event of the platform. */
  readonly tenantId: string | undefined
  /** 1 the first time. */
  readonly attempt: number
  /** Aborted when the delivery took too long, or the kernel stops. */
  readonly signal: AbortSignal
}

/**
 * How a delivery ended that did not throw. `skipped`: the listener does not want it, such as for a tenant without the
 * feature. `wait`: the listener should be there but is not; the lane stands, and it does not count as an attempt.
 */
export type Outcome = undefined | 'skipped' | 'wait'

/** Who listens to what. */
export interface Subscription {
  readonly plugin: string
  readonly event: string
  /** `tenant`: events of any tenant. `platform`: events of none. */
  readonly scope: 'tenant' | 'platform'
  deliver(event: DeliveredEvent): Promise<Outcome>
}

/**
 * The subscriptions of this process. They are also written to the database, so that events wait for a plugin that is
 * not running, here or on any instance; `forgetAfterDays` after the last sign of it they no longer do.
 */
export class Subscriptions {
  readonly #byKey = new Map<string, Subscription>()
  readonly #unsaved = new Set<Subscription>()

  /** @throws Error when the plugin already listens to the event. */
  add(subscription: Subscription): () => void {
    const key = keyOf(subscription.plugin, subscription.scope, subscription.event)
    if (this.#byKey.has(key)) {
      throw new Error(`plugin "${subscription.plugin}" listens to "${subscription.event}" twice; use one handler`)
    }
    this.#byKey.set(key, subscription)
    this.#unsaved.add(subscription)
    return () => {
      if (this.#byKey.get(key) === subscription) this.#byKey.delete(key)
    }
  }

  get plugins(): readonly string[] {
    return [...new Set([...this.#byKey.values()].map(({ plugin }) => plugin))]
  }

  find(plugin: string, scope: 'tenant' | 'platform', event: string): Subscription | undefined {
    return this.#byKey.get(keyOf(plugin, scope, event))
  }

  /** Names of the events that a plugin listens to, sorted. */
  events(plugin: string, scope: 'tenant' | 'platform'): readonly string[] {
    const own = [...this.#byKey.values()].filter(known => known.plugin === plugin && known.scope === scope)
    return own.map(({ event }) => event).sort()
  }

  /** Writes those that are new since the last time; costs nothing when none are. */
  async save(db: PlatformDb, now: Date): Promise<void> {
    if (this.#unsaved.size === 0) return
    const unsaved = [...this.#unsaved]
    await this.#write(db, unsaved, now)
    for (const subscription of unsaved) this.#unsaved.delete(subscription)
  }

  /** Says that all of them are still wanted. */
  refresh(db: PlatformDb, now: Date): Promise<void> {
    return this.#write(db, [...this.#byKey.values()], now)
  }

  #write(db: PlatformDb, subscriptions: readonly Subscription[], now: Date): Promise<void> {
    const rows = subscriptions.map(({ plugin, event, scope }) => ({ plugin, event, scope, seen_at: now }))
    return db.upsert('outbox_subscriptions', rows, ['plugin', 'event', 'scope'])
  }
}

const keyOf = (plugin: string, scope: string, event: string): string => `${plugin} ${scope} ${event}`

/** Forgets that a plugin ever listened: nothing waits for it any more. */
export function forgetPlugin(db: PlatformDb, plugin: string): Promise<void> {
  return db.transaction(async () => {
    await db.table('outbox_subscriptions').where({ plugin }).delete()
    await db.table('outbox_lanes').where({ plugin }).delete()
  })
}
