import type { IncomingMessage, RequestOptions } from 'node:http'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { CustomFetch, CustomFetchOptions } from 'openid-client'
import { publicLookup } from './public-lookup.ts'

/** How careful a fetch is. */
export interface FetchRules {
  /** Refuse plain HTTP. */
  readonly secure: boolean
  /** Refuse addresses that are not reached by everybody: a tenant chose the name, and could mean our own network. */
  readonly publicOnly: boolean
  /** DNS servers that are asked for names of `publicOnly`; default: the system's. */
  readonly dnsServers?: readonly string[]
  /** From the first packet to the last byte; default five seconds. */
  readonly timeoutMs?: number
}

/** Why an identity provider was not asked, or did not answer. */
export type FetchFault =
  | 'insecure'
  | 'private_address'
  | 'unreachable'
  | 'timeout'
  | 'too_large'
  | 'server_error'
  | 'metadata'
  | 'issuer'

/** An identity provider that gives no answer to work with; what went wrong is for the log. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable'
  readonly fault: FetchFault

  constructor(fault: FetchFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.fault = fault
  }
}

const TIMEOUT_MS = 5_000
/** Metadata and keys are some kilobytes; Entra's keys about twenty. */
const MOST_BYTES = 256 * 1024
/** Azure's own service for its machines: a public address that is none. */
const AZURE_WIRE_SERVER = '168.63.129.16'

/**
 * A fetch for identity providers: no redirects, five seconds, 256 kB. An address is judged when the connection is made, so
 * that a name which changes its address in between gains nothing.
 */
export function providerFetch(rules: FetchRules): CustomFetch {
  return async (address, init) => {
    const url = new URL(address)
    requireAllowed(url, rules)
    const timeout = AbortSignal.timeout(rules.timeoutMs ?? TIMEOUT_MS)
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    try {
      return await answerOf(url, init, signal, rules)
    } catch (error) {
      if (error instanceof ProviderUnavailable) throw error
      if (signal.aborted) throw new ProviderUnavailable('timeout', `${url.host} did not answer in time`, error)
      throw new ProviderUnavailable('unreachable', `${url.host} cannot be reached`, error)
    }
  }
}

/** True for an address that everybody on the internet reaches the same way. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast' || parsed.toString() === AZURE_WIRE_SERVER) return false
  // All that is given out of IPv6 is 2000::/3; the rest is old ways to write others, such as ::7f00:1 for 127.0.0.1.
  return !(parsed instanceof ipaddr.IPv6) || parsed.match(ipaddr.IPv6.parse('2000::'), 3)
}

function requireAllowed(url: URL, { secure, publicOnly }: FetchRules): void {
  if (url.protocol !== 'https:' && (secure || url.protocol !== 'http:')) {
    throw new ProviderUnavailable('insecure', `${url.host} is not asked without TLS`)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (publicOnly && isIP(host) && !isPublicAddress(host)) throw privateAddress(host)
}

const privateAddress = (host: string): ProviderUnavailable =>
  new ProviderUnavailable('private_address', `${host} is an address inside a network, which is not asked`)

const onlyPublic = ({ dnsServers: servers = [] }: FetchRules) =>
  publicLookup({ servers, allows: isPublicAddress, refusal: privateAddress })

function answerOf(url: URL, init: CustomFetchOptions, signal: AbortSignal, rules: FetchRules): Promise<Response> {
  const { request } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const body = init.body instanceof URLSearchParams ? init.body.toString() : init.body
  if (body !== undefined && body !== null && typeof body !== 'string') throw new TypeError('only text is sent')
  const options: RequestOptions = {
    method: init.method,
    headers: {
      ...(init.body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...init.headers,
    },
    signal,
    // A connection that stayed open was judged by other rules, or long ago.
    agent: false,
    ...(rules.publicOnly ? { lookup: onlyPublic(rules) } : {}),
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, options, answer => void read(url, answer).then(resolve, reject))
    sent.on('error', reject)
    sent.end(body ?? undefined)
  })
}

async function read(url: URL, answer: IncomingMessage): Promise<Response> {
  const status = answer.statusCode ?? 502
  if (status >= 500) {
    answer.destroy()
    throw new ProviderUnavailable('server_error', `${url.host} answered ${status}`)
  }
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > MOST_BYTES) throw new ProviderUnavailable('too_large', `${url.host} sent more than ${MOST_BYTES} bytes`)
    pieces.push(piece)
  }
  const headers = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  )
  const empty = status === 204 || status === 205 || status === 304
  return new Response(empty ? null : Buffer.concat(pieces), { status, headers })
}
