import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'
import jwt from 'jsonwebtoken'
import type { Answer } from '../access-house.ts'
import type { Browser } from './browser.ts'
import { CLIENT_ID } from './identity-provider.ts'

type Claims = Record<string, unknown>

/** What a path of the provider answers. */
interface Scripted {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

const newKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

/** A key that no provider publishes. */
export const strangeKey = newKey()
const ownKey = newKey()

/** The public half, as a provider publishes it. */
export const publicJwk = (key: KeyObject, more: Claims = {}): Claims => ({
  ...createPublicKey(key).export({ format: 'jwk' }),
  use: 'sig',
  kid: 'one',
  ...more,
})

/** A provider on loopback that says whatever a test wants it to. */
export class HostileProvider {
  readonly base: string
  /** Addresses that it got, with their bodies. */
  readonly requests: { readonly path: string; readonly body: string; readonly authorization: string }[] = []
  /** What it says about itself. */
  metadata: Claims
  keys: Claims[] = [publicJwk(ownKey)]
  /** What the token endpoint gives out; undefined: an OAuth error. */
  idToken: string | undefined
  /** Answers instead of the usual ones, by path. */
  readonly scripted = new Map<string, Scripted>()

  private constructor(base: string) {
    this.base = base
    this.metadata = {
      issuer: base,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/token`,
      jwks_uri: `${base}/jwks`,
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
    }
  }

  static async start(t: ExecutionContext): Promise<HostileProvider> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const provider = new HostileProvider(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    server.on('request', async (request, response) => {
      const path = request.url ?? ''
      provider.requests.push({ path, body: await text(request), authorization: request.headers.authorization ?? '' })
      const { status = 200, headers = {}, body } = provider.#answer(path)
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    return provider
  }

  /** The claims of a good token, with changes; undefined takes one away. */
  claims(nonce: string, changes: Claims = {}): Claims {
    const now = Math.floor(Date.now() / 1000)
    const good = { iss: this.metadata.issuer, sub: 'subject', aud: CLIENT_ID, iat: now, exp: now + 300, nonce }
    return Object.fromEntries(Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined))
  }

  /** Signs with the published key, unless told otherwise. */
  sign(claims: Claims, key: KeyObject = ownKey, kid = 'one'): string {
    return jwt.sign(claims, key, { algorithm: 'RS256', keyid: kid })
  }

  #answer(path: string): Scripted {
    const scripted = this.scripted.get(path)
    if (scripted) return scripted
    if (path.endsWith('/.well-known/openid-configuration')) return { body: this.metadata }
    if (path === '/jwks') return { body: { keys: this.keys } }
    if (path === '/token' && this.idToken !== undefined) {
      return { body: { access_token: 'opaque', token_type: 'Bearer', expires_in: 60, id_token: this.idToken } }
    }
    if (path === '/token')
      return { status: 400, body: { error: 'invalid_grant', error_description: 'secret <b>detail</b>' } }
    return { status: 404, body: {} }
  }
}

/** A sign-in that has begun: what the provider was told. */
export interface Begun {
  readonly state: string
  readonly nonce: string
  readonly challenge: string
}

/** Begins a sign-in, as far as the provider's door. */
export async function begin(browser: Browser, path: string): Promise<Begun> {
  const { headers } = await browser.api(path)
  const sent = new URL(headers.location as string).searchParams
  const read = (name: string): string => sent.get(name) ?? ''
  return { state: read('state'), nonce: read('nonce'), challenge: read('code_challenge') }
}

/** Comes back to the callback with these parameters. */
export const comeBack = (
  browser: Browser,
  callback: 'microsoft' | 'oidc',
  query: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> => browser.api(`/api/v1/auth/${callback}/callback?${new URLSearchParams(query)}`, headers)

/** The query of the application's address that an answer redirects to. */
export const ending = ({ headers }: Answer): Record<string, string> => {
  const url = new URL(headers.location as string)
  return url.origin === 'https://cloud.example' ? Object.fromEntries(url.searchParams) : { elsewhere: url.href }
}
