import type { Database } from '../../db/database.ts'
import { PlatformDb } from '../data/platform-db.ts'
import { type PreparedQuery, prepare } from '../data/prepared.ts'
import { endOf, type Lane, PLATFORM_LANE, type Place, type StoredEvent } from './lane.ts'

/** What a poll finds. */
export interface Peek {
  /** Whether committed events wait for their place. */
  readonly fresh: boolean
  /** When the first lane is due; undefined when none is. */
  readonly due: Date | undefined
}

interface LaneRow {
  readonly plugin: string
  readonly lane: string
  readonly after_batch: number
  readonly after_id: number
  readonly wanted_batch: number
  readonly attempts: number
}

interface EventRow {
  readonly id: number
  readonly batch: number
  readonly event_id: string
  readonly event: string
  readonly payload: string
  readonly tenant_id: string | null
}

/** The events of a lane behind a place, up to the batch it was woken for. */
interface NextValues {
  readonly lane: string
  readonly batch: number
  readonly id: number
  readonly wanted: number
}

const laneRow = prepare<{ plugin: string; lane: string }, LaneRow>((from, v) =>
  from
    .table('outbox_lanes')
    .select('plugin', 'lane', 'after_batch', 'after_id', 'wanted_batch', 'attempts')
    .where({ plugin: v.plugin, lane: v.lane }),
)

/** Events that are read at once; with the largest payload of each it bounds the memory of a lane. */
export const EVENTS_AT_ONCE = 50

const none: ReadonlySet<string> = new Set()

/**
 * The lanes in the database, for one instance. A lane is claimed by compare-and-set with a lease; what a claim allows
 * is written only while the claim still stands, so an instance that was taken for dead cannot move the lane.
 */
export class LaneStore {
  readonly #database: Database
  readonly #owner: string
  readonly #leaseMs: number
  #plugins: readonly string[] = []
  #peek: PreparedQuery<object, { fresh: number | null; due: string | Date | null }> = this.#preparePeek()
  readonly #next = new Map<string, PreparedQuery<NextValues, EventRow>>()

  /**
   * @param owner names this instance
   * @param leaseMs after how long a claim that is not renewed is free for others
   */
  constructor(database: Database, owner: string, leaseMs: number) {
    this.#database = database
    this.#owner = owner
    this.#leaseMs = leaseMs
  }

  /** A database for one flow of work. */
  db(): PlatformDb {
    return new PlatformDb(this.#database, none)
  }

  /** Tells which plugins listen here. */
  setPlugins(plugins: readonly string[]): void {
    this.#plugins = plugins
    this.#peek = this.#preparePeek()
    this.#next.clear()
  }

  /** The one query of a poll. */
  async peek(): Promise<Peek> {
    const row = await this.db().first(this.#peek, {})
    return { fresh: row?.fresh != null, due: row?.due ? new Date(row.due) : undefined }
  }

  /** Lanes that are due and free, those that have waited longest first. */
  async due(now: Date, without: readonly string[], limit: number): Promise<{ plugin: string; lane: string }[]> {
    const plugins = this.#plugins.filter(plugin => !without.includes(plugin))
    return this.db()
      .table('outbox_lanes')
      .select('plugin', 'lane')
      .whereIn('plugin', plugins)
      .where('due_at', '<=', now)
      .where(free => free.whereNull('claimed_until').orWhere('claimed_until', '<', now))
      .orderBy(['due_at', 'plugin', 'lane'])
      .limit(limit)
  }

  /** Takes a lane for this instance; undefined when another was faster. */
  async claim(plugin: string, lane: string, now: Date): Promise<Lane | undefined> {
    const db = this.db()
    const claimed = await db
      .table('outbox_lanes')
      .where({ plugin, lane })
      .where('due_at', '<=', now)
      .where(free => free.whereNull('claimed_until').orWhere('claimed_until', '<', now))
      .update({ claimed_by: this.#owner, claimed_until: this.#leaseEnd(now) })
    const row = claimed === 1 ? await db.first(laneRow, { plugin, lane }) : undefined
    return (
      row && {
        plugin,
        lane,
        after: { batch: Number(row.after_batch), id: Number(row.after_id) },
        wanted: Number(row.wanted_batch),
        attempts: Number(row.attempts),
      }
    )
  }

  /** Takes back every claim, whoever has it. */
  async free(): Promise<void> {
    await this.db().table('outbox_lanes').whereNotNull('claimed_until').update(unclaimed)
  }

  /** Keeps the claims on lanes for another lease. */
  async renew(lanes: Iterable<Pick<Lane, 'plugin' | 'lane'>>, now: Date): Promise<void> {
    for (const lane of lanes) await this.#write(lane, { claimed_until: this.#leaseEnd(now) })
  }

  /** The events that come next in a lane, at most `EVENTS_AT_ONCE`. */
  async next(lane: Lane, after: Place, events: readonly string[]): Promise<StoredEvent[]> {
    const values = { lane: lane.lane, batch: after.batch, id: after.id, wanted: lane.wanted }
    const rows = await this.db().all(this.#nextQuery(lane.lane === PLATFORM_LANE, events), values)
    return rows.map(row => ({
      id: Number(row.id),
      batch: Number(row.batch),
      eventId: row.event_id,
      event: row.event,
      payload: row.payload,
      tenantId: row.tenant_id ?? undefined,
    }))
  }

  /** Keeps how far the lane is, and the claim. False when the claim is lost: stop. */
  advance(lane: Lane, after: Place, now: Date): Promise<boolean> {
    return this.#write(lane, { ...place(after), attempts: 0, claimed_until: this.#leaseEnd(now) })
  }

  /** Gives the lane back after everything it was woken for; due again at once if it has been woken since. */
  finish(lane: Lane, now: Date): Promise<boolean> {
    const due = this.#database.knex.raw('CASE WHEN wanted_batch = ? THEN NULL ELSE ? END', [lane.wanted, now])
    return this.#write(lane, { ...place(endOf(lane.wanted)), attempts: 0, due_at: due, ...unclaimed })
  }

  /** Gives the lane back with events left, to be looked at again at `due`. */
  release(lane: Lane, after: Place, due: Date, failure: { attempts: number; error?: string }): Promise<boolean> {
    return this.#write(lane, { ...place(after), ...failure, due_at: due, ...unclaimed })
  }

  /** Steps over an event that will not be tried again, and keeps count of it. */
  bury(lane: Lane, after: Place, error: string, now: Date): Promise<boolean> {
    return this.#write(lane, {
      ...place(after),
      attempts: 0,
      dead: this.#database.knex.raw('dead + 1'),
      error,
      claimed_until: this.#leaseEnd(now),
    })
  }

  async #write({ plugin, lane }: Pick<Lane, 'plugin' | 'lane'>, values: object): Promise<boolean> {
    const own = this.db().table('outbox_lanes').where({ plugin, lane, claimed_by: this.#owner })
    return (await own.update(values)) === 1
  }

  #leaseEnd(now: Date): Date {
    return new Date(now.getTime() + this.#leaseMs)
  }

  #preparePeek(): PreparedQuery<object, { fresh: number | null; due: string | Date | null }> {
    const plugins = this.#plugins
    return prepare(from => {
      const fresh = from.table('outbox').min('id').whereNull('batch').as('fresh')
      const due = from.table('outbox_lanes').min('due_at').whereNotNull('due_at').whereIn('plugin', plugins).as('due')
      return from.table('revisions').select(fresh, due).where('name', 'outbox')
    })
  }

  #nextQuery(platform: boolean, events: readonly string[]): PreparedQuery<NextValues, EventRow> {
    const key = `${platform}:${events.join()}`
    const known = this.#next.get(key)
    if (known) return known
    const made = prepare<NextValues, EventRow>((from, v) => {
      const query = from.table('outbox').select('id', 'batch', 'event_id', 'event', 'payload', 'tenant_id')
      if (platform) query.whereNull('tenant_id')
      else query.where('tenant_id', v.lane)
      query
        .where('batch', '>=', v.batch)
        .where(behind => behind.where('batch', '>', v.batch).orWhere('id', '>', v.id))
        .where('batch', '<=', v.wanted)
        .whereIn('event', [...events])
        .orderBy(['batch', 'id'])
        .limit(EVENTS_AT_ONCE)
      return query
    })
    this.#next.set(key, made)
    return made
  }
}

const unclaimed = { claimed_by: null, claimed_until: null }
const place = ({ batch, id }: Place) => ({ after_batch: batch, after_id: id })
