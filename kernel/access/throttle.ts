import ipaddr from 'ipaddr.js'
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js'
import { problem } from '../errors.ts'

/** How many failures cost nothing, and how long the pauses behind them grow. */
interface Patience {
  readonly free: number
  readonly longestPauseSeconds: number
}

/** An attempt that has begun; it counts as failed until it says otherwise. */
export interface Attempt {
  /** The password was right: the account starts afresh. */
  succeeded(): Promise<void>
}

const FORGET_SECONDS = 15 * 60
const ACCOUNT: Patience = { free: 5, longestPauseSeconds: 5 * 60 }
/** Many people can stand behind one address. */
const ADDRESS: Patience = { free: 100, longestPauseSeconds: 60 }

/**
 * Slows down guessing, by account and by address: after a few failures each further one doubles the pause before the
 * next attempt. Kept in the memory of one instance. It knows accounts by what was typed, never whether they exist.
 */
export class Throttle {
  readonly #accounts = new Pauses('account', ACCOUNT)
  readonly #addresses = new Pauses('address', ADDRESS)
  #turn: Promise<unknown> = Promise.resolve()

  /**
   * Counts an attempt, before the password is looked at, so that many at once do not slip through.
   * @throws Problem `too_many_requests` with `Retry-After`
   */
  begin(account: string, address: string): Promise<Attempt> {
    const attempt = this.#turn.then(() => this.#begin(account, address))
    this.#turn = attempt.catch(() => undefined)
    return attempt
  }

  /** One after the other: between looking at the pause and counting, nobody else may look. */
  async #begin(account: string, address: string): Promise<Attempt> {
    const network = networkOf(address)
    const wait = Math.max(await this.#accounts.left(account), await this.#addresses.left(network))
    if (wait > 0) {
      throw problem('too_many_requests', `Too many failed attempts. Try again in ${wait} seconds.`, {
        headers: { 'Retry-After': String(wait) },
      })
    }
    await this.#accounts.count(account)
    await this.#addresses.count(network)
    return {
      succeeded: async () => {
        await this.#accounts.forget(account)
        await this.#addresses.takeBack(network)
      },
    }
  }
}

class Pauses {
  readonly #patience: Patience
  readonly #attempts: RateLimiterMemory
  readonly #pauses: RateLimiterMemory

  constructor(name: string, patience: Patience) {
    this.#patience = patience
    this.#attempts = new RateLimiterMemory({ keyPrefix: `${name}-attempts`, points: 1, duration: FORGET_SECONDS })
    this.#pauses = new RateLimiterMemory({ keyPrefix: `${name}-pause`, points: 1, duration: FORGET_SECONDS })
  }

  /** Whole seconds until the next attempt is allowed. */
  async left(key: string): Promise<number> {
    const pause = await this.#pauses.get(key)
    return pause === null ? 0 : Math.max(0, Math.ceil(pause.msBeforeNext / 1000))
  }

  async count(key: string): Promise<void> {
    const { consumedPoints } = await this.#attempts.penalty(key, 1)
    const over = consumedPoints - this.#patience.free
    if (over <= 0) return
    await this.#pauses.set(key, 1, Math.min(2 ** over, this.#patience.longestPauseSeconds))
  }

  async takeBack(key: string): Promise<void> {
    await this.#attempts.reward(key, 1)
  }

  async forget(key: string): Promise<void> {
    await this.#attempts.delete(key)
    await this.#pauses.delete(key)
  }
}

/** What one customer of a network provider has: the IPv4 address, or the /64 of an IPv6 address. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, 8).join('.')
}
