import { hash } from 'node:crypto'
import { z } from 'zod'
import type { RequestFacts } from '../../contract.ts'
import type { Sealer } from '../../secrets/sealed.ts'
import { type CookieSettings, isPlainLoopback } from '../refresh-cookie.ts'

const contents = z.object({
  nonce: z.string(),
  verifier: z.string(),
  tenantId: z.string().optional(),
  issuer: z.string(),
  clientId: z.string(),
  returnTo: z.string().optional(),
  /** Of whom was invited. */
  invitationToken: z.string().optional(),
  /** Epoch milliseconds. */
  expiresAt: z.number(),
})

/** A sign-in elsewhere that is under way, as the browser keeps it. */
export type Flow = z.output<typeof contents> & { readonly state: string }

/** How long somebody may take to sign in elsewhere. */
export const FLOW_MS = 10 * 60_000
/** So many tabs may be at it; cookies must not fill the headers. */
const MOST_FLOWS = 5
const PURPOSE = 'sign-in-flow'

/**
 * Keeps a sign-in in a cookie of the browser that began it, sealed: an answer that comes by another browser finds nothing
 * (log-in CSRF). Each flow has a cookie of its own, which opens for its own `state` alone. With TLS its name begins with
 * `__Host-`, so that no sibling of this host can set it.
 */
export class FlowCookie {
  readonly #sealer: Sealer
  readonly #settings: CookieSettings

  constructor(sealer: Sealer, settings: CookieSettings) {
    this.#sealer = sealer
    this.#settings = settings
  }

  /** `Set-Cookie` for a flow, and for the end of those that are too many. */
  begin({ state, ...flow }: Flow, request: RequestFacts): string[] {
    const sealed = this.#sealer.seal(PURPOSE, JSON.stringify(flow), state)
    const prefix = this.#prefix(request)
    const open = request
      .header('Cookie')
      .split(';')
      .map(pair => pair.split('=')[0]?.trim() ?? '')
      .filter(name => name.startsWith(prefix) && /^[\w-]+$/.test(name))
    const over = open.slice(0, Math.max(0, open.length - MOST_FLOWS + 1))
    return [
      this.#cookie(prefix + nameOf(state), sealed, FLOW_MS / 1000, request),
      ...over.map(name => this.#cookie(name, '', 0, request)),
    ]
  }

  /** The flow that an answer belongs to; undefined when this browser began none of this `state`, or too long ago. */
  find(state: string, request: RequestFacts, now: Date): Flow | undefined {
    const sealed = request.cookie(this.#prefix(request) + nameOf(state))
    if (!sealed) return undefined
    try {
      const flow = contents.parse(JSON.parse(this.#sealer.open(PURPOSE, sealed, state)))
      return now.getTime() < flow.expiresAt ? { ...flow, state } : undefined
    } catch {
      return undefined
    }
  }

  /** `Set-Cookie` that takes the cookie of a flow away. */
  end(state: string, request: RequestFacts): string {
    return this.#cookie(this.#prefix(request) + nameOf(state), '', 0, request)
  }

  #prefix(request: RequestFacts): string {
    return isPlainLoopback(this.#settings, request) ? 'sign_in_' : '__Host-sign_in_'
  }

  #cookie(name: string, value: string, maxAgeSeconds: number, request: RequestFacts): string {
    const attributes = [`${name}=${value}`, `Max-Age=${maxAgeSeconds}`, 'Path=/', 'HttpOnly', 'SameSite=Lax']
    if (!isPlainLoopback(this.#settings, request)) attributes.push('Secure')
    return attributes.join('; ')
  }
}

/** A name that tells the flow apart without giving its `state` away. */
const nameOf = (state: string): string => hash('sha256', state, 'hex').slice(0, 20)
