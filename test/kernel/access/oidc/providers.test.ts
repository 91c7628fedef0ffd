import test from 'ava'
import { FlowCookie } from '../../../../kernel/access/oidc/flow-cookie.ts'
import { Providers } from '../../../../kernel/access/oidc/providers.ts'
import type { RequestFacts } from '../../../../kernel/contract.ts'
import { Problem } from '../../../../kernel/errors.ts'
import { createSealer } from '../../../../kernel/secrets/sealed.ts'
import { HostileProvider } from './hostile-provider.ts'

const now = () => new Date('2026-03-01T12:00:00.000Z')

test("in production a tenant's provider is asked by https, outside the own network", async t => {
  const inside = await HostileProvider.start(t)
  const providers = new Providers({ production: true, now })
  t.deepEqual(await providers.faultsOf(inside.base), ['its address must begin with https://'])
  for (const host of ['127.0.0.1', 'localhost', '169.254.169.254', '[::1]', '10.1.2.3']) {
    const faults = await providers.faultsOf(`https://${host}`)
    t.deepEqual(faults, ['its address is inside a network; only public addresses are asked'], host)
  }
  t.is(inside.requests.length, 0)
  const provider = {
    kind: 'oidc',
    tenantId: 't',
    issuer: 'https://127.0.0.1',
    clientId: 'c',
    clientSecret: 's',
  } as const
  const error = await t.throwsAsync(
    async () => providers.address(provider, await providers.begin(), 'https://api.example/callback'),
    { instanceOf: Problem },
  )
  t.is(error.code, 'identity_provider_unavailable')
  t.notRegex(error.message, /127\.0\.0\.1|network/)
})

const facts = (headers: Record<string, string>): RequestFacts => ({
  address: '127.0.0.1',
  userAgent: '',
  header: name => headers[name] ?? '',
  cookie: () => undefined,
  rawBody: Buffer.alloc(0),
})
const flow = { state: 's', nonce: 'n', verifier: 'v', issuer: 'https://id.example', clientId: 'c', expiresAt: 0 }

test('the cookie is tied to this host by its name, but where a browser would drop it', t => {
  const sealer = createSealer('a-secret-key-of-the-tests-0123456789')
  const cookieFor = (production: boolean, headers: Record<string, string>): string =>
    new FlowCookie(sealer, { production, REFRESH_COOKIE_SAMESITE: 'strict' }).begin(flow, facts(headers))[0] ?? ''
  for (const cookie of [
    cookieFor(true, { Host: 'localhost:8000' }),
    cookieFor(false, { Host: 'api.example' }),
    cookieFor(false, { Host: 'localhost:8000', 'X-Forwarded-Proto': 'https' }),
  ]) {
    t.regex(cookie, /^__Host-sign_in_\w+=\S+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  }
  t.regex(
    cookieFor(false, { Host: 'localhost:8000' }),
    /^sign_in_\w+=\S+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
  )
})

test('addresses that no provider has are not looked through', async t => {
  const provider = await HostileProvider.start(t)
  const providers = new Providers({ production: false, now })
  const good = provider.metadata
  for (const [name, address] of Object.entries({
    issuer: `${provider.base}${'/'.repeat(200_000)}x`,
    jwks_uri: `${provider.base}/${'x'.repeat(2_000)}`,
    userinfo_endpoint: `${provider.base}/${'x'.repeat(2_000)}`,
  })) {
    provider.metadata = { ...good, [name]: address }
    t.deepEqual(await providers.faultsOf(provider.base), ['its metadata cannot be used'], name)
  }
  provider.metadata = good
  t.deepEqual(await providers.faultsOf(provider.base), [])
})
