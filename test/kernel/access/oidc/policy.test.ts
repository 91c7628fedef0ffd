import test from 'ava'
import { newId } from '../../../../kernel/data/id.ts'
import { browserAt, openHouse, outcome, ownProvider, verifyDomain, whoIs } from './federated-house.ts'
import { startProvider } from './identity-provider.ts'

const LOGIN = '/api/v1/auth/microsoft/login'

test('check-method goes by the domain alone', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const [plain, own, entra, strict] = [
    await house.account(),
    await house.account(),
    await house.account(),
    await house.account(),
  ]
  await verifyDomain(house, plain, 'plain.example')
  await verifyDomain(house, own, 'own.example')
  await ownProvider(house, own, { issuer: provider.issuer })
  await verifyDomain(house, entra, 'entra.example')
  await ownProvider(house, entra, { entraTenantId: newId() })
  await verifyDomain(house, strict, 'strict.example')
  const values = { auth_policy: 'restricted', updated_at: house.clock.now() }
  await house.database.forTenant(strict.tenantId).table('tenant_settings').insert(values)
  const expected = {
    [plain.email]: 'password',
    'nobody@nowhere.example': 'password',
    'x@plain.example': 'password',
    'x@OWN.example': 'oidc',
    'x@entra.example': 'microsoft',
    'x@strict.example': 'microsoft',
  }
  for (const [email, method] of Object.entries(expected)) {
    const { status, body } = await house.send('POST', '/api/v1/auth/check-method', { body: { email } })
    t.is(status, 200)
    t.deepEqual(body, { method }, email)
  }
  await house.database.table('tenant_oidc_config').update({ enabled: false })
  const { body } = await house.send('POST', '/api/v1/auth/check-method', { body: { email: 'x@own.example' } })
  t.deepEqual(body, { method: 'password' })
})

test('a restricted deployment takes no passwords, no other providers and no other domains', async t => {
  const provider = await startProvider(t, { mal: { email: 'mal@other.example', email_verified: true } })
  const house = await openHouse(t, provider.issuer, {
    AUTH_POLICY: 'restricted',
    AUTH_ALLOWED_EMAIL_DOMAINS: 'corp.example',
  })
  const a = await house.account()
  await verifyDomain(house, a, 'corp.example')
  await verifyDomain(house, a, 'other.example')
  await ownProvider(house, a, { issuer: provider.issuer })
  const { body: refused } = await house.login(a.email)
  t.is(refused.error, 'auth_policy_restricted')
  for (const [path, body] of Object.entries({
    '/api/v1/auth/check-method': { email: a.email },
    '/api/v1/auth/register': {
      account_name: 'new',
      tenant_name: 'New',
      name: 'N',
      email: 'n@corp.example',
      password: 'a long password of some kind',
    },
  })) {
    const answer = await house.send('POST', path, { body })
    t.is(answer.status, 403, path)
    t.is(answer.body.error, 'auth_policy_restricted', path)
  }
  t.deepEqual(outcome(await browserAt(house).signIn(LOGIN, 'mal')), { error: 'auth_policy_restricted' })
  provider.accounts.eve = { email: 'eve@corp.example', email_verified: true }
  const browser = browserAt(house)
  const end = outcome(await browser.signIn('/api/v1/auth/oidc/login?domain=corp.example', 'eve'))
  t.is((await whoIs(house, end.token)).email, 'eve@corp.example')
  t.true(
    browser.visited.some(({ pathname }) => pathname === '/api/v1/auth/microsoft/callback'),
    "the tenant's own provider is no Entra directory, so the platform's is taken",
  )
})

test('a stricter tenant refuses passwords, but only once they were right', async t => {
  const house = await openHouse(t)
  const [a, b] = [await house.account(), await house.account()]
  const values = { auth_policy: 'restricted', updated_at: house.clock.now() }
  await house.database.forTenant(a.tenantId).table('tenant_settings').insert(values)
  const right = await house.login(a.email)
  t.is(right.status, 403)
  t.is(right.body.error, 'auth_policy_restricted')
  t.is(right.cookie, undefined)
  const wrong = await house.login(a.email, 'a wrong password here')
  const unknown = await house.login('nobody@nowhere.example', 'a wrong password here')
  t.is(wrong.status, 401)
  t.deepEqual({ ...wrong.body, trace_id: '' }, { ...unknown.body, trace_id: '' })
  t.is((await house.login(b.email)).status, 200, 'another tenant is as it was')
})

test("a tenant's list of domains holds for passwords and for providers", async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const a = await house.account()
  const colleague = await house.colleague(a, 'Cleo')
  const allowed_email_domains = JSON.stringify([a.email.split('@')[1]])
  const values = { allowed_email_domains, updated_at: house.clock.now() }
  await house.database.forTenant(a.tenantId).table('tenant_settings').insert(values)
  provider.accounts.ada = { email: a.email, email_verified: true }
  provider.accounts.cleo = { email: colleague.email, email_verified: true }
  t.is((await house.login(a.email)).status, 200)
  t.is((await house.login(colleague.email)).body.error, 'auth_policy_restricted')
  t.truthy(outcome(await browserAt(house).signIn(LOGIN, 'ada')).token)
  t.deepEqual(outcome(await browserAt(house).signIn(LOGIN, 'cleo')), { error: 'auth_policy_restricted' })
  const identities = await house.database.table('user_identities').where('user_id', colleague.userId)
  t.deepEqual(identities, [], 'nothing is kept of it')
})
