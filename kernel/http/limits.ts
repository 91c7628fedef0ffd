import ipaddr from 'ipaddr.js'
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js'
import { type Problem, problem } from '../errors.ts'

/** Counts requests. The limiters of `rate-limiter-flexible` are such; those on Redis count for all instances. */
export interface LimitStore {
  /** Rejects with `{ msBeforeNext }` above the limit, with an Error when it cannot count. */
  consume(key: string): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/** Makes a store that lets `points` through each `duration` seconds. */
export type MakeLimitStore = (settings: { readonly points: number; readonly duration: number }) => LimitStore

/** Settings of a limiter. */
export interface LimiterOptions {
  /** Default: in the memory of this process. */
  readonly makeStore?: MakeLimitStore
  /** Keys that are counted at a time; the one that was idle longest gives way. Default 10,000. */
  readonly maxKeys?: number
}

/** Lets so many requests a minute through, for each key. */
export interface Limiter {
  /**
   * Counts a request.
   * @throws Problem `too_many_requests` with `Retry-After`
   */
  take(key: string): Promise<void>
}

const inMemory: MakeLimitStore = settings => new RateLimiterMemory(settings)

/** A limiter of its own: two with the same number do not share their counts. */
export function createLimiter(perMinute: number, options: LimiterOptions = {}): Limiter {
  const { makeStore = inMemory, maxKeys = 10_000 } = options
  const store = makeStore({ points: perMinute, duration: 60 })
  const keys = new Set<string>()

  /** Moves the key to the end, so that the first is always the one that was idle longest. */
  function remember(key: string): string | undefined {
    keys.delete(key)
    keys.add(key)
    if (keys.size <= maxKeys) return undefined
    const [idle] = keys
    if (idle !== undefined) keys.delete(idle)
    return idle
  }

  return {
    async take(key) {
      const idle = remember(key)
      if (idle !== undefined) await store.delete(idle)
      try {
        await store.consume(key)
      } catch (refusal) {
        if (refusal instanceof Error) throw refusal
        throw tooMany(perMinute, (refusal as { readonly msBeforeNext: number }).msBeforeNext)
      }
    },
  }
}

/** The refusal of one request too many, and when to come back. */
export function tooMany(perMinute: number, msBeforeNext: number): Problem {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
  return problem(
    'too_many_requests',
    `At most ${perMinute} requests a minute are taken here. Try again in ${seconds} s.`,
    { headers: { 'Retry-After': String(seconds) } },
  )
}

/**
 * What an address is counted under: IPv4 as it is, also when it is written as IPv6; IPv6 by its /64, because a single
 * customer has all of that (RFC 6177).
 */
export function addressKey(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address.slice(0, 64)
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toNormalizedString()}/64`).toString()
}
