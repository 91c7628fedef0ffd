import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { azureCredential } from '../dialects/azure-credential.ts'

const SCOPE = 'https://database.windows.net//.default'
const HOUR = 3_600_000

/** A request for a token, as App Service's identity endpoint gets it. */
interface Asked {
  readonly resource: string | null
  readonly clientId: string | null
  readonly secret: string | undefined
}

const asked: Asked[] = []
const endpoint = { lifetimeMs: 24 * HOUR, broken: false }

/** Plays App Service's identity endpoint for this process; each token says which one it is. */
const server = createServer((request: IncomingMessage, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
  asked.push({
    resource: searchParams.get('resource'),
    clientId: searchParams.get('client_id'),
    secret: request.headers['x-identity-header'] as string | undefined,
  })
  response.setHeader('content-type', 'application/json')
  if (endpoint.broken) {
    response.statusCode = 400
    response.end(JSON.stringify({ error: 'invalid_request', error_description: 'no such identity' }))
    return
  }
  const expires_on = String(Math.floor((Date.now() + endpoint.lifetimeMs) / 1000))
  response.end(
    JSON.stringify({ access_token: `token-${asked.length}`, expires_on, resource: 'r', token_type: 'Bearer' }),
  )
})

test.before(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${port}/msi/token`
  process.env.IDENTITY_HEADER = 'secret-of-the-sandbox'
})
test.after.always(() => {
  server.closeAllConnections()
  server.close()
})
test.beforeEach(() => {
  asked.length = 0
  Object.assign(endpoint, { lifetimeMs: 24 * HOUR, broken: false })
})

test.serial('the system-assigned identity gets one token for all connections that ask at once', async t => {
  const credential = azureCredential(undefined)
  const tokens = await Promise.all([1, 2, 3].map(() => credential.getToken(SCOPE)))
  t.deepEqual(
    tokens.map(({ token }) => token),
    ['token-1', 'token-1', 'token-1'],
  )
  t.deepEqual(asked, [{ resource: 'https://database.windows.net/', clientId: null, secret: 'secret-of-the-sandbox' }])
  t.is((await credential.getToken(SCOPE)).token, 'token-1')
  t.is(asked.length, 1)
})

test.serial('a user-assigned identity is asked for by its client id', async t => {
  await azureCredential('11111111-2222-3333-4444-555555555555').getToken(SCOPE)
  t.is(asked[0]?.clientId, '11111111-2222-3333-4444-555555555555')
})

test.serial('a token is renewed before it expires', async t => {
  endpoint.lifetimeMs = HOUR
  let now = Date.now()
  const credential = azureCredential('22222222-2222-3333-4444-555555555555', () => now)
  const first = await credential.getToken(SCOPE)
  now = first.expiresOnTimestamp - 4 * 60_000
  t.not(await credential.getToken(SCOPE), first)
})

test.serial('while no new token is to be had, the old one serves until it ends', async t => {
  endpoint.lifetimeMs = HOUR
  let now = Date.now()
  const credential = azureCredential('33333333-2222-3333-4444-555555555555', () => now)
  const first = await credential.getToken(SCOPE)
  endpoint.broken = true
  now = first.expiresOnTimestamp - 1000
  t.is((await credential.getToken(SCOPE)).token, first.token)
})

test.serial('without any token the fault is told', async t => {
  endpoint.broken = true
  await t.throwsAsync(azureCredential('44444444-2222-3333-4444-555555555555').getToken(SCOPE), {
    message: /no such identity|ManagedIdentityCredential/,
  })
})
