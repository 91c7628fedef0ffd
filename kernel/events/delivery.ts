import type { Database } from '../../db/database.ts'
import { newId } from '../data/id.ts'
import type { Log } from '../log/log.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { type Patience, runLane } from './lane-run.ts'
import { LaneStore } from './lane-store.ts'
import { purgeEvents, type Retention } from './purge.ts'
import { sequence } from './sequencer.ts'
import { type DeliveryStats, deliveryStats } from './stats.ts'
import { forgetPlugin, type Subscription, Subscriptions } from './subscriptions.ts'

/** Takes events from the outbox to those who listen: at least once, in order per tenant and plugin. */
export interface Delivery {
  /**
   * Listens from now on. Subscribe all events of a plugin without awaiting in between: a lane that runs meanwhile
   * passes over events nobody listens to. Events wait while nobody of this plugin listens, on any instance.
   * @returns ends it
   */
  subscribe(subscription: Subscription): () => void
  /** Says that something was committed: it is delivered now instead of at the next poll. */
  nudge(): void
  start(): Promise<void>
  /** Begins nothing new and waits for running deliveries; after `drainMs` they are aborted and come again later. */
  stop(drainMs: number): Promise<void>
  /** For a plugin that is not to run any more: its events no longer wait for it. */
  forget(plugin: string): Promise<void>
  /** Delivers all that is due, and resolves when nothing more is. For tests. */
  settle(): Promise<void>
  /** Deletes what is delivered and old; also runs by itself every ten minutes. */
  purge(): Promise<number>
  /** How it is going, over all instances. */
  stats(): Promise<DeliveryStats>
  /** Deliveries of this process by plugin, since its start. */
  readonly counts: ReadonlyMap<string, Counts>
}

/** How deliveries ended. */
export interface Counts {
  delivered: number
  skipped: number
  failed: number
  dead: number
}

/** What a delivery works with, and its settings. */
export interface DeliveryOptions extends Partial<Patience>, Partial<Retention> {
  readonly database: Database
  readonly log: Log
  readonly telemetry?: Telemetry | undefined
  /** The kernel's clock. */
  now(): Date
  /** True where no other process can use the database: what is claimed at the start was left by one that is gone. */
  readonly alone?: boolean
  /** Milliseconds between polls; a poll finds what other instances committed. Default 2,000. */
  readonly pollMs?: number
  /** Milliseconds after which a claim that is not renewed is free for others. Default 30,000. */
  readonly leaseMs?: number
}

/** Tenants of one plugin that are served at the same time. A plugin that hangs holds up nobody else. */
const LANES_PER_PLUGIN = 4
const LANES_AT_ONCE = 50
const PURGE_EVERY_MS = 600_000
const LONGEST_PAUSE_MS = 60_000

/** Commits that follow each other are looked at together: looking after each would double what a write costs. */
const NUDGED_EVERY_MS = 25

/** A second, then three times longer each time, to a quarter of an hour: ten attempts take about 50 minutes. */
const growing = (attempts: number): number => Math.min(1000 * 3 ** (attempts - 1), 900_000)

/** Makes the delivery of one process. It does nothing until it is started. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { database, log, telemetry, now, alone = false, pollMs = 2000, leaseMs = 30_000 } = options
  const { keepDays = 1, forgetAfterDays = 7 } = options
  const { maxAttempts = 10, backoff = growing, timeoutMs = 60_000, waitMs = 5000 } = options
  const store = new LaneStore(database, newId(), leaseMs)
  const subscriptions = new Subscriptions()
  const counts = new Map<string, Counts>()
  const active = new Map<string, { readonly plugin: string; readonly lane: string; readonly run: Promise<void> }>()
  const abort = new AbortController()
  const timers: NodeJS.Timeout[] = []
  let state: 'new' | 'started' | 'stopping' = 'new'
  let timer: NodeJS.Timeout | undefined
  let ticking: Promise<boolean> | undefined
  let again = false
  let passedOver = false
  let failures = 0
  let listening = ''
  let lookedAt = Number.NEGATIVE_INFINITY
  let soon: NodeJS.Timeout | undefined

  const parts = {
    store,
    subscriptions,
    log,
    telemetry,
    now,
    patience: { maxAttempts, backoff, timeoutMs, waitMs },
    signal: abort.signal,
    stopping: () => state === 'stopping',
    count(plugin: string, outcome: keyof Counts): void {
      const known = counts.get(plugin) ?? { delivered: 0, skipped: 0, failed: 0, dead: 0 }
      known[outcome]++
      counts.set(plugin, known)
    },
  }

  /** One look: gives new events their place, then begins what is due. Resolves to whether there was anything. */
  async function tick(): Promise<boolean> {
    await subscriptions.save(store.db(), now())
    const plugins = subscriptions.plugins
    if (plugins.join() !== listening) {
      listening = plugins.join()
      store.setPlugins(plugins)
    }
    const { fresh, due } = await store.peek()
    if (fresh) while (await sequence(store.db(), now()));
    const isDue = fresh || (due !== undefined && due <= now())
    const begun = isDue ? await beginDue() : 0
    pauseUntil(due)
    return fresh || begun > 0
  }

  /** Lanes are begun in the order in which they became due; a plugin with enough of them running is left out. */
  async function beginDue(): Promise<number> {
    const running = new Map<string, number>()
    for (const { plugin } of active.values()) running.set(plugin, (running.get(plugin) ?? 0) + 1)
    const full = [...running].filter(([, lanes]) => lanes >= LANES_PER_PLUGIN).map(([plugin]) => plugin)
    passedOver ||= full.length > 0
    let begun = 0
    const due = await store.due(now(), full, LANES_AT_ONCE)
    passedOver ||= due.length === LANES_AT_ONCE
    for (const { plugin, lane } of due) {
      if (parts.stopping()) break
      const name = `${plugin} ${lane}`
      if (active.has(name) || (running.get(plugin) ?? 0) >= LANES_PER_PLUGIN) {
        passedOver = true
        continue
      }
      const claimed = await store.claim(plugin, lane, now())
      if (!claimed) continue
      running.set(plugin, (running.get(plugin) ?? 0) + 1)
      begun++
      const run = runLane(parts, claimed)
        .catch((error: unknown) => {
          log.warn(toError(error), 'events of a lane could not be delivered; it stands until its claim ends')
          return false
        })
        .then(more => {
          active.delete(name)
          if (more || passedOver) lookNow()
        })
      active.set(name, { plugin, lane, run })
    }
    // There may be more behind these, of plugins that have room.
    if (due.length === LANES_AT_ONCE && begun > 0) again = true
    return begun
  }

  /** Ticks one at a time, and once more when somebody asked meanwhile. */
  async function look(): Promise<boolean> {
    let found = false
    do {
      again = false
      passedOver = false
      found = (await tick()) || found
    } while (again && !parts.stopping())
    return found
  }

  function lookOnce(): Promise<boolean> {
    again = true
    ticking ??= look().finally(() => {
      ticking = undefined
    })
    return ticking
  }

  function nudge(): void {
    if (state !== 'started' || soon) return
    const wait = lookedAt + NUDGED_EVERY_MS - performance.now()
    const look = (): void => {
      if (wait <= 0) lookNow()
      else soon = setTimeout(lookNow, wait).unref()
    }
    if (telemetry) telemetry.apart(look)
    else look()
  }

  function lookNow(): void {
    clearTimeout(soon)
    soon = undefined
    if (state !== 'started') return
    lookedAt = performance.now()
    if (ticking) again = true
    else {
      lookOnce().then(
        () => {
          failures = 0
        },
        (error: unknown) => {
          failures++
          log.warn(toError(error), 'events could not be looked up; trying again')
          pauseUntil(undefined)
        },
      )
    }
  }

  function pauseUntil(due: Date | undefined): void {
    if (state !== 'started') return
    const wait = due === undefined ? pollMs : due.getTime() - now().getTime()
    const pause = wait <= 0 ? pollMs : Math.min(pollMs, wait)
    clearTimeout(timer)
    timer = setTimeout(lookNow, Math.min(pause * 2 ** failures, LONGEST_PAUSE_MS)).unref()
  }

  /** Runs in the background, as long as this is started. */
  function every(ms: number, work: () => Promise<unknown>, complaint: string): void {
    const guarded = () => void work().catch((error: unknown) => log.warn(toError(error), complaint))
    timers.push(setInterval(guarded, ms).unref())
  }

  const purge = (): Promise<number> => purgeEvents(store.db(), now(), { keepDays, forgetAfterDays })

  return {
    counts,
    nudge,
    purge,
    subscribe(subscription) {
      const end = subscriptions.add(subscription)
      nudge()
      return end
    },
    async start() {
      if (alone) await store.free()
      await subscriptions.save(store.db(), now())
      state = 'started'
      every(leaseMs / 3, () => store.renew(active.values(), now()), 'claims could not be renewed')
      const upkeep = async () => {
        await subscriptions.refresh(store.db(), now())
        await purge()
      }
      every(PURGE_EVERY_MS, upkeep, 'old events could not be deleted; trying again')
      nudge()
    },
    async stop(drainMs) {
      state = 'stopping'
      clearTimeout(timer)
      clearTimeout(soon)
      for (const known of timers) clearInterval(known)
      await ticking?.catch(() => undefined)
      const drained = Promise.all([...active.values()].map(({ run }) => run))
      const waited = Promise.withResolvers<void>()
      const patience = setTimeout(() => waited.resolve(), drainMs)
      await Promise.race([drained, waited.promise])
      clearTimeout(patience)
      if (active.size > 0) {
        log.warn({ lanes: active.size }, 'deliveries did not end in time; their events come again')
        abort.abort()
      }
    },
    forget: plugin => forgetPlugin(store.db(), plugin),
    async settle() {
      while (true) {
        const found = await lookOnce()
        if (active.size > 0) await Promise.all([...active.values()].map(({ run }) => run))
        else if (!found) return
      }
    },
    stats: () => deliveryStats(store.db()),
  }
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
