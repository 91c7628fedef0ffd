import { hash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import type { Knex } from 'knex'
import type { Database } from '../../db/database.ts'
import { PlatformDb } from '../data/platform-db.ts'
import { TransactionSlot } from '../data/transaction-slot.ts'
import { problem } from '../errors.ts'

/** How many failures cost nothing, how long the pauses behind them grow, and when all is forgotten. */
interface Patience {
  readonly free: number
  readonly longestPauseSeconds: number
  /** After the last attempt. */
  readonly forgetSeconds: number
}

/** What is guessed. Each has an account of its own: a right password does not open the way for more guesses at codes. */
export type Guessed = 'password' | 'code'

/** An attempt that has begun; it counts as failed until it says otherwise. */
export interface Attempt {
  /**
   * What was given was right: the account starts afresh.
   * @param within in the transaction under way here; default: one of its own
   */
  succeeded(within?: PlatformDb): Promise<void>
  /** Nobody looked at what was given: it does not count. */
  withdrawn(): Promise<void>
}

const ACCOUNTS: Readonly<Record<Guessed, Patience>> = {
  password: { free: 5, longestPauseSeconds: 5 * 60, forgetSeconds: 15 * 60 },
  /** Three of a million codes are right at any moment: at this pace, one is guessed in nine years. */
  code: { free: 5, longestPauseSeconds: 15 * 60, forgetSeconds: 24 * 3600 },
}
/** Many people can stand behind one address. */
const ADDRESS: Patience = { free: 100, longestPauseSeconds: 60, forgetSeconds: 15 * 60 }
/** Rows to keep, about 150 MB: so many need as many addresses as a large botnet has. */
const MOST_ROWS = 1_000_000
/** How often an attempt begins anew that the database undid, because it stood in another one's way. */
const TRIES = 4

interface ThrottleOptions {
  readonly database: Database
  now(): Date
}

interface ThrottleRow {
  failures: number
  blocked_until: string | null
  forget_at: string
}

/**
 * Slows down guessing, by account and by address: after a few failures each further one doubles the pause before the
 * next attempt. Kept in the database, so that all instances count together and a restart forgets nothing. It knows
 * accounts by the SHA-256 of what was typed, never whether they exist.
 */
export class Throttle {
  readonly #database: Database
  readonly #now: () => Date

  constructor({ database, now }: ThrottleOptions) {
    this.#database = database
    this.#now = now
  }

  /**
   * Counts an attempt, before the password or code is looked at, so that many at once do not slip through. Has its own
   * transaction, which holds whatever becomes of the attempt: never call it inside another.
   * @param account by what the account is known before it is: an e-mail, or a user's id
   * @throws Problem `too_many_requests` with `Retry-After`
   */
  async begin(account: string, address: string, guessed: Guessed = 'password'): Promise<Attempt> {
    const ofAccount = nameOf(guessed, account)
    const ofAddress = nameOf('address', networkOf(address))
    await this.#run(async db => {
      await this.#count(db, ofAccount, ACCOUNTS[guessed])
      await this.#count(db, ofAddress, ADDRESS)
    })
    const startAfresh = async (db: PlatformDb): Promise<void> => {
      await db.table('throttles').where('name', ofAccount).delete()
      await takeBack(db, ofAddress)
    }
    return {
      succeeded: within => (within ? startAfresh(within) : this.#run(startAfresh)),
      withdrawn: () =>
        this.#run(async db => {
          await takeBack(db, ofAccount)
          await takeBack(db, ofAddress)
        }),
    }
  }

  /**
   * Deletes rows whose time is over and, where somebody makes more of them than there is room for, those that hold up
   * nobody.
   * @returns how many
   */
  async prune(db: PlatformDb, mostRows = MOST_ROWS): Promise<number> {
    const now = this.#now()
    const deleted: number = await over(db.table('throttles'), now).where('forget_at', '<=', now).delete()
    const [count] = await db.table('throttles').count({ rows: '*' })
    if (Number(count?.rows) <= mostRows) return deleted
    const free = Math.min(...Object.values(ACCOUNTS).map(patience => patience.free))
    return deleted + (await db.table('throttles').where('failures', '<=', free).delete())
  }

  /** Adds one to a row and sets the pause that follows; waits for whoever does so at the same moment. */
  async #count(db: PlatformDb, name: string, patience: Patience): Promise<void> {
    const now = this.#now()
    const forget_at = later(now, patience.forgetSeconds)
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const row = db.table('throttles').where('name', name)
      const counted = await over(row, now).where('forget_at', '>', now).update({ forget_at }).increment('failures', 1)
      if (counted === 1) return this.#pause(db, name, patience, now)
      const found: ThrottleRow | undefined = await db
        .table('throttles')
        .where('name', name)
        .first('failures', 'blocked_until', 'forget_at')
      if (!found) await db.upsert('throttles', [{ name, failures: 0, forget_at }], ['name'], [])
      else if (Date.parse(found.blocked_until ?? '') > now.getTime()) throw tooMany(found.blocked_until, now)
      else await over(db.table('throttles').where('name', name), now).where('forget_at', '<=', now).delete()
    }
    throw problem('too_many_requests', 'Too many attempts at the same moment.', { headers: { 'Retry-After': '1' } })
  }

  async #pause(db: PlatformDb, name: string, patience: Patience, now: Date): Promise<void> {
    const row: ThrottleRow = await db.table('throttles').where('name', name).first('failures')
    const beyond = row.failures - patience.free
    if (beyond <= 0) return
    const blocked_until = later(now, Math.min(2 ** beyond, patience.longestPauseSeconds))
    await db.table('throttles').where('name', name).update({ blocked_until })
  }

  /** A short transaction of its own; again when the database undid it, or somebody else made the same row just then. */
  async #run(work: (db: PlatformDb) => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const slot = new TransactionSlot(this.#database)
      const db = new PlatformDb(this.#database, new Set(), slot)
      try {
        await slot.run(undefined, () => work(db), { short: true })
        return
      } catch (error) {
        const { dialect } = this.#database
        if (attempt >= TRIES || !(dialect.isUndone(error) || dialect.isUniqueViolation(error))) throw error
      }
    }
  }
}

/**
 * Runs a check that belongs to an attempt. When it cannot be made at all, because too many wait for theirs, the attempt
 * does not count.
 */
export async function checked<T>(attempt: Attempt, check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch (error) {
    await attempt.withdrawn()
    throw error
  }
}

/** Rows without a pause that is still running. */
const over = (rows: Knex.QueryBuilder, now: Date): Knex.QueryBuilder =>
  rows.where(row => row.whereNull('blocked_until').orWhere('blocked_until', '<=', now))

/** Takes an attempt back, with the pause that it began. */
const takeBack = (db: PlatformDb, name: string): Promise<unknown> =>
  db
    .table('throttles')
    .where('name', name)
    .where('failures', '>', 0)
    .update({ blocked_until: null })
    .decrement('failures', 1)

const later = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000)

function tooMany(until: string | null, now: Date): Error {
  const wait = Math.max(1, Math.ceil((Date.parse(until ?? '') - now.getTime()) / 1000))
  return problem('too_many_requests', `Too many failed attempts. Try again in ${wait} seconds.`, {
    headers: { 'Retry-After': String(wait) },
  })
}

/** Names have one length, and tell nothing. */
const nameOf = (kind: Guessed | 'address', key: string): string => `${kind}:${hash('sha256', key, 'hex')}`

/** What one customer of a network provider has: the IPv4 address, or the /64 of an IPv6 address. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, 8).join('.')
}
