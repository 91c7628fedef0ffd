import type { Log } from '../log/log.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { type Lane, PLATFORM_LANE, type Place, type StoredEvent } from './lane.ts'
import { EVENTS_AT_ONCE, type LaneStore } from './lane-store.ts'
import type { Outcome, Subscription, Subscriptions } from './subscriptions.ts'

/** How deliveries are tried. */
export interface Patience {
  /** Attempts until an event is given up for a listener. */
  readonly maxAttempts: number
  /** Milliseconds until attempt `attempts + 1`, before jitter. */
  backoff(attempts: number): number
  /** Milliseconds one delivery may take. */
  readonly timeoutMs: number
  /** Milliseconds between looks at a listener that says `wait`. */
  readonly waitMs: number
}

/** What a run of a lane works with. */
export interface LaneParts {
  readonly store: LaneStore
  readonly subscriptions: Subscriptions
  readonly patience: Patience
  readonly log: Log
  readonly telemetry?: Telemetry | undefined
  now(): Date
  /** Aborted when running deliveries must end. */
  readonly signal: AbortSignal
  /** True once nothing new may be begun. */
  stopping(): boolean
  /** Called for each delivery that ended. */
  count(plugin: string, outcome: 'delivered' | 'skipped' | 'failed' | 'dead'): void
}

/** A lane gives way to the others after so many events, or so many milliseconds. */
const SLICE_EVENTS = 200
const SLICE_MS = 1000
/** The place is kept in the database at least so often: this much comes twice when the process dies. */
const KEEP_EVENTS = 20
const KEEP_MS = 500

/**
 * Delivers a claimed lane's events, one after the other, until it is heard, stands, or has had its turn.
 * @returns whether it has more that could be delivered now
 */
export async function runLane(parts: LaneParts, lane: Lane): Promise<boolean> {
  const { store, subscriptions, now } = parts
  const scope = lane.lane === PLATFORM_LANE ? 'platform' : 'tenant'
  const began = performance.now()
  let { after, attempts } = lane
  let kept = began
  let unkept = 0
  let done = 0

  while (done < SLICE_EVENTS && performance.now() - began < SLICE_MS) {
    const listening = subscriptions.events(lane.plugin, scope)
    if (listening.length === 0 || parts.stopping()) break
    const events = await store.next(lane, after, listening)
    for (const event of events) {
      const subscription = subscriptions.find(lane.plugin, scope, event.event)
      if (parts.stopping() || !subscription) return giveBack(after, now(), attempts)
      const result = await attemptAndReport(subscription, event, attempts + 1)
      if (result === 'wait') return giveBack(after, soon(now(), parts.patience.waitMs), attempts)
      done++
      if (result instanceof Error) {
        attempts++
        const text = `${event.event} ${event.eventId}: ${result.message}`.slice(0, 1000)
        if (attempts < parts.patience.maxAttempts) {
          parts.count(lane.plugin, 'failed')
          const due = soon(now(), jittered(parts.patience.backoff(attempts)))
          return giveBack(after, due, attempts, text)
        }
        parts.count(lane.plugin, 'dead')
        after = event
        attempts = 0
        unkept = 0
        if (!(await store.bury(lane, after, text, now()))) return lost()
        continue
      }
      parts.count(lane.plugin, result === 'skipped' ? 'skipped' : 'delivered')
      after = event
      attempts = 0
      unkept++
      if (unkept >= KEEP_EVENTS || performance.now() - kept > KEEP_MS) {
        if (!(await store.advance(lane, after, now()))) return lost()
        kept = performance.now()
        unkept = 0
      }
    }
    if (events.length < EVENTS_AT_ONCE) {
      if (!(await store.finish(lane, now()))) lost()
      return false
    }
  }
  await giveBack(after, now(), attempts)
  return true

  async function attemptAndReport(subscription: Subscription, event: StoredEvent, number: number) {
    const last = number >= parts.patience.maxAttempts
    const work = async (): Promise<Outcome | Error> => {
      const result = await attempt(parts, subscription, event, number)
      if (result instanceof Error) report(event, number, result, last)
      return result
    }
    const { eventId, tenantId } = event
    const facts = { plugin: lane.plugin, event: event.event, eventId, tenantId, attempt: number, last }
    return parts.telemetry ? parts.telemetry.delivery(facts, work) : work()
  }

  async function giveBack(place: Place, due: Date, failed: number, error?: string): Promise<boolean> {
    const failure = error === undefined ? { attempts: failed } : { attempts: failed, error }
    if (!(await store.release(lane, place, due, failure))) lost()
    return false
  }

  function lost(): false {
    parts.log.warn(
      { plugin: lane.plugin, lane: lane.lane },
      'another instance took these events over, because this one did not renew its claim in time; some come twice',
    )
    return false
  }

  function report(event: StoredEvent, failed: number, error: Error, dead: boolean): void {
    const line = parts.log.child({
      plugin: lane.plugin,
      event: event.event,
      event_id: event.eventId,
      tenant_id: event.tenantId,
      attempts: failed,
    })
    if (dead) line.error(error, 'the event is given up for this plugin; later ones go on')
    else line.warn(error, 'the event could not be delivered and will be tried again; later ones of the lane wait')
  }
}

/** One delivery; what it throws, and a delivery that takes too long, come back as an error. */
async function attempt(
  { patience, signal }: LaneParts,
  subscription: Subscription,
  event: StoredEvent,
  number: number,
): Promise<Outcome | Error> {
  const late = new AbortController()
  const tooLong = Promise.withResolvers<Error>()
  const timer = setTimeout(() => {
    late.abort()
    tooLong.resolve(new Error(`the handler took longer than ${patience.timeoutMs} ms`))
  }, patience.timeoutMs).unref()
  try {
    const delivered = subscription.deliver({
      id: event.eventId,
      event: event.event,
      payload: JSON.parse(event.payload),
      tenantId: event.tenantId,
      attempt: number,
      signal: AbortSignal.any([signal, late.signal]),
    })
    return await Promise.race([delivered, tooLong.promise])
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    clearTimeout(timer)
  }
}

const soon = (now: Date, ms: number): Date => new Date(now.getTime() + ms)

/** Between three quarters and five quarters, so that lanes that failed together do not come back together. */
const jittered = (ms: number): number => ms * (0.75 + Math.random() / 2)
