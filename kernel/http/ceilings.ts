import { addressKey, tooMany } from './limits.ts'

/** Ceilings over all routes: how many requests a minute one tenant, and one address, may send to this instance. */
export interface Ceilings {
  /**
   * Counts a request.
   * @throws Problem `too_many_requests` with `Retry-After`
   */
  tenant(tenantId: string): void
  /** The same for the caller's address; IPv6 by /64. */
  address(address: string): void
}

/** Settings of the ceilings, in requests a minute; 0: no ceiling. */
export interface CeilingSettings {
  readonly perTenant: number
  readonly perAddress: number
  /** Keys that are counted at a time; the one that came first gives way. Default 10,000. */
  readonly maxKeys?: number
  /** Milliseconds that only go forward; default: those of the process. */
  readonly clock?: () => number
}

const MINUTE_MS = 60_000
const nothing = (): void => undefined

/**
 * Makes the ceilings that are set. Every request passes here, so each key has a plain count of its minute (80 ns; the
 * limiters of single routes cost 1 µs and a promise). Tenants and addresses are counted apart: a flood of one does not
 * push out the other.
 */
export function createCeilings({ perTenant, perAddress, ...options }: CeilingSettings): Ceilings {
  const takeAddress = counter(perAddress, options)
  return {
    tenant: counter(perTenant, options),
    address: takeAddress === nothing ? nothing : address => takeAddress(addressKey(address)),
  }
}

function counter(perMinute: number, options: Pick<CeilingSettings, 'maxKeys' | 'clock'>): (key: string) => void {
  if (perMinute === 0) return nothing
  const { maxKeys = 10_000, clock = () => performance.now() } = options
  const minutes = new Map<string, { count: number; until: number }>()
  return key => {
    const now = clock()
    const minute = minutes.get(key)
    if (minute && now < minute.until) {
      if (minute.count >= perMinute) throw tooMany(perMinute, minute.until - now)
      minute.count += 1
      return
    }
    minutes.delete(key)
    if (minutes.size >= maxKeys) {
      const [first] = minutes.keys()
      if (first !== undefined) minutes.delete(first)
    }
    minutes.set(key, { count: 1, until: now + MINUTE_MS })
  }
}
