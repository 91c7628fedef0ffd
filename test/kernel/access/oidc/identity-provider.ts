import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'
import { Provider } from 'oidc-provider'
import { providerMemory } from './provider-memory.ts'

/** What the provider says of an account, by its subject. */
export type Accounts = Record<string, Record<string, unknown>>

/** A real identity provider on loopback. */
export interface IdentityProvider {
  readonly issuer: string
  readonly accounts: Accounts
  /** Requests that it got, as `GET /jwks`. */
  readonly requests: string[]
  close(): Promise<void>
}

export const CLIENT_ID = 'monozu'
export const CLIENT_SECRET = 'a-secret-of-the-client-0123456789'

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })

interface ProviderOptions {
  /** Default: all claims are in the ID token; true: in the user info alone, as the standard has it. */
  readonly thinTokens?: boolean
}

/** Starts a provider that asks for PKCE, whose users log in with their subject and any password. */
export async function startProvider(
  t: ExecutionContext,
  accounts: Accounts,
  { thinTokens = false }: ProviderOptions = {},
): Promise<IdentityProvider> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    adapter: providerMemory(),
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: ['microsoft', 'oidc'].map(kind => `http://api.example/api/v1/auth/${kind}/callback`),
      },
    ],
    jwks: { keys: [{ ...key, kid: 'one', use: 'sig', alg: 'RS256' }] as never },
    cookies: { keys: ['cookie-key-of-the-tests'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: thinTokens,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
    ttl: { Session: 3600, Grant: 3600, Interaction: 3600, AccessToken: 600, IdToken: 600 },
  })
  const requests: string[] = []
  const handle = provider.callback()
  server.on('request', (request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    requests.push(`${request.method} ${path}`)
    if (path.startsWith('/interaction/')) void interact(provider, request, response)
    else void handle(request, response)
  })
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  t.teardown(() => (server.listening ? close() : undefined))
  return { issuer, accounts, requests, close }
}

/** The pages of the provider: one form to log in, one to consent. */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { uid, prompt, params, session, grantId } = await provider.interactionDetails(request, response)
  if (request.method === 'GET') {
    response.setHeader('content-type', 'text/html')
    response.end(
      `<form method="post" action="/interaction/${uid}"><input type="hidden" name="prompt" value="${prompt.name}"></form>`,
    )
    return
  }
  const form = new URLSearchParams(await text(request))
  if (form.get('prompt') === 'login') {
    const login = { accountId: form.get('login') ?? '' }
    await provider.interactionFinished(request, response, { login })
    return
  }
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const grant = known ?? new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params.client_id) })
  grant.addOIDCScope(String(params.scope))
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
}
