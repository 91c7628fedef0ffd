import { setTimeout as pause } from 'node:timers/promises'
import type { PlatformDb, Progress } from '../contract.ts'
import { limitTo, prepare } from '../data/prepared.ts'
import type { LicencePull } from './licence-pull.ts'

const MINUTE_MS = 60_000
/** A tenant that was asked for longer ago than this is due: with a round every ten minutes, each is asked for hourly. */
const DUE_MS = 55 * MINUTE_MS
/** Who registered and got no licence in this time is asked for when they log in, no more by rounds. */
const WAITING_MS = 30 * 24 * 60 * MINUTE_MS
/** So many tenants are asked for at a time. */
const LANES = 4
/** The next one begins this much later at the earliest, so that Management gets ten requests a second, … */
const PACE_MS = 100
/** … unless there are so many tenants that they would not be through in this time. */
const ALL_MS = 30 * MINUTE_MS
/** One round ends before the next is due. */
const ROUND_MS = 8 * MINUTE_MS
const PAGE = 200

/** What a round works with. */
export interface RoundOptions {
  readonly pull: LicencePull
  readonly db: PlatformDb
  readonly signal: AbortSignal
  now(): Date
  progress(progress: Progress): void
}

/** What came of a round. */
export interface RoundReport {
  readonly asked: number
  /** True: Management did not answer, so the round ended early. */
  readonly unreachable: boolean
}

interface Due {
  readonly before: Date
  readonly registered: Date
  readonly limit: number
}

const dueTenants = prepare<Due, { id: string }>((from, v) =>
  limitTo(
    from
      .shared('tenants')
      .select('id')
      .where(asked => asked.whereNull('license_asked_at').orWhere('license_asked_at', '<', v.before))
      .where(known => known.whereNot('status', 'pending').orWhere('created_at', '>', v.registered))
      .orderBy('license_asked_at')
      .orderBy('id'),
    v.limit,
  ),
)

/** Puts a tenant at the end of the queue that rounds take from. */
export async function markAsked(db: PlatformDb, tenantId: string, now: Date): Promise<void> {
  await db.table('tenants').where('id', tenantId).update({ license_asked_at: now })
}

/**
 * Asks for the licences of all tenants that are due, a few at a time, the longest unasked first. Ends early while
 * Management is down, when the signal says so, or after eight minutes; the next round goes on where this one ended, for
 * what was asked is marked in the database.
 */
export async function askDueTenants({ pull, db, signal, now, progress }: RoundOptions): Promise<RoundReport> {
  const counted = await db.table('tenants').count({ total: '*' }).first()
  const pace = Math.min(PACE_MS, ALL_MS / Math.max(1, Number(counted?.total)))
  const deadline = performance.now() + ROUND_MS
  let next = 0
  let asked = 0
  let unreachable = false
  const over = (): boolean => unreachable || performance.now() > deadline

  async function lane(ids: Iterator<{ id: string }>): Promise<void> {
    for (let at = ids.next(); !at.done; at = ids.next()) {
      const begin = Math.max(next, performance.now())
      next = begin + pace
      await pause(Math.max(0, begin - performance.now()), undefined, { signal })
      if (over()) return
      const { kind } = await pull.askNow(at.value.id)
      if (kind === 'unreachable') await markAsked(db, at.value.id, now())
      unreachable ||= pull.down
      asked += 1
      progress({ done: asked })
    }
  }

  for (let full = true; full && !over(); ) {
    const at = now().getTime()
    const registered = new Date(at - WAITING_MS)
    const page = await db.all(dueTenants, { before: new Date(at - DUE_MS), registered, limit: PAGE })
    const ids = page.values()
    await Promise.all(Array.from({ length: LANES }, () => lane(ids)))
    full = page.length === PAGE
  }
  return { asked, unreachable }
}
