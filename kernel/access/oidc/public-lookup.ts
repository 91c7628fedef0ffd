import { Resolver } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'

const TIMEOUT_MS = 2_000

/** What keeps a name from being asked. */
interface LookupRules {
  /** DNS servers to ask; none: the system's. */
  readonly servers: readonly string[]
  /** Whether an address may be asked. */
  allows(address: string): boolean
  /** The error for a name that has an address that may not. */
  refusal(hostname: string): Error
}

/**
 * Looks names up for a connection, and refuses those with an address that may not be asked. It asks DNS itself: the system's
 * own look-up holds one of the few threads that passwords are hashed in and files are read by, for as long as a name
 * server that somebody else has chosen takes to answer.
 */
export function publicLookup({ servers, allows, refusal }: LookupRules): LookupFunction {
  async function addressesOf(hostname: string): Promise<{ address: string; family: number }[]> {
    if (/(^|\.)localhost\.?$/i.test(hostname)) throw refusal(hostname)
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 })
    if (servers.length > 0) resolver.setServers([...servers])
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const found = [
      ...(four.status === 'fulfilled' ? four.value : []).map(address => ({ address, family: 4 })),
      ...(six.status === 'fulfilled' ? six.value : []).map(address => ({ address, family: 6 })),
    ]
    if (found.some(({ address }) => !allows(address))) throw refusal(hostname)
    return found
  }

  return (hostname, options, callback) => {
    const answer = (found: { address: string; family: number }[]): void => {
      const [first] = found
      if (!first) callback(new Error(`${hostname} has no address`), [])
      else if (options.all) callback(null, found)
      else callback(null, first.address, first.family)
    }
    void addressesOf(hostname).then(answer, (error: Error) => callback(error as NodeJS.ErrnoException, []))
  }
}
