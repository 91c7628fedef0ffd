import { randomUUID } from 'node:crypto'
import test from 'ava'
import { openHouse, verifyDomain } from './federated-house.ts'
import { HostileProvider } from './hostile-provider.ts'

const PATH = '/api/v1/settings/oidc'
const given = {
  provider: 'oidc',
  issuer: 'https://id.corp.example/',
  client_id: 'monozu',
  client_secret: 'hush-hush-hush',
}

test('a provider is set, shown without its secret, changed and taken away', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const admin = await house.as(person)
  const none = await admin.send('GET', PATH)
  t.is(none.headers.etag, '"0"')
  t.like(none.body, { provider: null, enabled: false, redirect_uri: 'http://api.example/api/v1/auth/oidc/callback' })
  const set = await admin.send('PUT', PATH, { body: given })
  t.is(set.status, 200)
  t.is(set.body.issuer, 'https://id.corp.example')
  t.is(set.body.redirect_uri, 'http://api.example/api/v1/auth/oidc/callback')
  t.true(set.body.enabled)
  const shown = await admin.send('GET', PATH)
  t.deepEqual(shown.body, set.body)
  const [row] = await house.database.table('tenant_oidc_config')
  t.regex(row.client_secret, /^v1\./)
  const lines = await house.database.table('audit_logs').where('resource_type', 'oidc')
  for (const text of [JSON.stringify(set), JSON.stringify(shown), JSON.stringify(row), JSON.stringify(lines)]) {
    t.false(text.includes('hush'))
  }

  const { client_secret: _left, ...rest } = given
  const kept = await admin.send('PUT', PATH, { body: { ...rest, enabled: false }, headers: { 'if-match': '"1"' } })
  t.is(kept.status, 200)
  t.false(kept.body.enabled)
  t.is(kept.headers.etag, '"2"')
  const [after] = await house.database.table('tenant_oidc_config')
  t.is(after.client_secret, row.client_secret)
  t.is((await admin.send('PUT', PATH, { body: given, headers: { 'if-match': '"1"' } })).status, 412)
  t.is((await admin.send('DELETE', PATH, { headers: { 'if-match': '"1"' } })).status, 412)
  t.is((await admin.send('DELETE', PATH)).status, 204)
  t.is((await admin.send('DELETE', PATH)).status, 404)
})

test('a stored secret goes to no other provider, and to no other client', async t => {
  const house = await openHouse(t)
  const admin = await house.as(await house.account())
  const { client_secret: _left, ...rest } = given
  t.is((await admin.send('PUT', PATH, { body: rest })).status, 422, 'there is none yet')
  await admin.send('PUT', PATH, { body: given })
  const elsewhere = [
    { ...rest, issuer: 'https://evil.example' },
    { ...rest, client_id: 'another' },
    { provider: 'microsoft', entra_tenant_id: randomUUID(), client_id: 'monozu' },
  ]
  for (const body of elsewhere) {
    const answer = await admin.send('PUT', PATH, { body })
    t.is(answer.status, 422)
    t.is(answer.body.errors[0].path, 'body.client_secret')
  }
})

test('a provider can let anybody in as anybody: only who may do everything sets one', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const admin = await house.as(person)
  const { body: group } = await admin.send('POST', '/api/v1/groups', { body: { name: 'Settings' } })
  const permissions = ['settings:read', 'settings:manage']
  await admin.send('PUT', `/api/v1/groups/${group.id}/permissions`, { body: { permissions } })
  const manager = await house.as(await house.colleague(person, 'Max', [group.id]))
  t.is((await manager.send('PUT', PATH, { body: given })).status, 403)
  await admin.send('PUT', PATH, { body: given })
  t.is((await manager.send('DELETE', PATH)).status, 403)
  t.is((await manager.send('GET', PATH)).status, 200)
  const stranger = await house.as(await house.account())
  t.is((await stranger.send('GET', PATH)).body.provider, null, 'not to be seen by another tenant')
})

test('what is no provider is refused', async t => {
  const house = await openHouse(t)
  const admin = await house.as(await house.account())
  const bad = [
    { ...given, issuer: 'id.corp.example' },
    { ...given, issuer: 'ftp://id.corp.example' },
    { ...given, issuer: 'https://user:pass@id.corp.example' },
    { ...given, issuer: 'https://id.corp.example?x=1' },
    { ...given, issuer: undefined },
    { ...given, client_id: '' },
    { ...given, provider: 'saml' },
    { ...given, provider: 'microsoft' },
    { provider: 'microsoft', entra_tenant_id: 'common', client_id: 'x', client_secret: 'y' },
    { ...given, entra_tenant_id: randomUUID() },
  ]
  for (const body of bad) t.is((await admin.send('PUT', PATH, { body })).status, 422, JSON.stringify(body))
})

test('a test says what is wrong with a provider, and nothing of what it sent', async t => {
  const provider = await HostileProvider.start(t)
  const house = await openHouse(t)
  const person = await house.account()
  const admin = await house.as(person)
  const look = async () => {
    const { body } = await admin.send('POST', `${PATH}/test`, { body: { provider: 'oidc', issuer: provider.base } })
    return body
  }
  t.deepEqual(await look(), { ok: true, issuer: provider.base, faults: [] })
  const { keys } = provider
  provider.keys = []
  t.deepEqual((await look()).faults, ['its jwks_uri has no keys'])
  provider.keys = keys
  Object.assign(provider.metadata, { response_types_supported: ['token'], code_challenge_methods_supported: ['plain'] })
  t.is((await look()).faults.length, 2)
  provider.metadata.issuer = 'https://elsewhere.example'
  t.deepEqual((await look()).faults, [
    `${new URL(provider.base).host} says that its issuer is https://elsewhere.example`,
  ])
  const wellKnown = '/.well-known/openid-configuration'
  for (const body of ['internal secret', '{"issuer":1}', 'null', '[]', '"']) {
    provider.scripted.set(wellKnown, { body })
    t.deepEqual((await look()).faults, ['its metadata cannot be used'], body)
  }
  provider.scripted.set(wellKnown, { status: 302, headers: { location: `${provider.base}/elsewhere` }, body: '' })
  t.regex((await look()).faults[0], /cannot be fetched/)
  t.false(
    provider.requests.some(({ path }) => path === '/elsewhere'),
    'redirects are not followed',
  )
  provider.scripted.set(wellKnown, { body: ' '.repeat(300_000) })
  t.deepEqual((await look()).faults, ['its answer is too large'])
  t.is((await admin.send('GET', PATH)).body.provider, null, 'nothing was stored')
})

test('a provider that says nothing about how, or something odd, does not take the house down', async t => {
  const provider = await HostileProvider.start(t)
  const house = await openHouse(t)
  const person = await house.account()
  await verifyDomain(house, person, 'corp.example')
  const admin = await house.as(person)
  await admin.send('PUT', PATH, { body: { ...given, issuer: provider.base } })
  const login = '/api/v1/auth/oidc/login?domain=corp.example'
  const odd = [
    { body: 'null' },
    { body: '{"issuer":' },
    { status: 404, body: {} },
    { status: 500, body: {} },
    { body: { ...provider.metadata, authorization_endpoint: 'javascript:alert(1)' } },
    { body: { ...provider.metadata, token_endpoint: 7 } },
  ]
  for (const answer of odd) {
    provider.scripted.set('/.well-known/openid-configuration', answer)
    house.clock.forward(60 * 60_000)
    const { status, body } = await house.send('GET', login)
    t.is(status, 503, JSON.stringify(answer))
    t.is(body.error, 'identity_provider_unavailable')
  }
})
