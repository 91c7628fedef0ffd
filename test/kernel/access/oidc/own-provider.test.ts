import test from 'ava'
import { browserAt, emailsOf, openHouse, outcome, ownProvider, verifyDomain, whoIs } from './federated-house.ts'
import { startProvider } from './identity-provider.ts'

const login = (email: string): string => `/api/v1/auth/oidc/login?email=${encodeURIComponent(email)}`

test("users of a domain sign in at their tenant's provider, and are made there", async t => {
  const provider = await startProvider(t, { eve: { email: 'eve@corp.example', name: 'Eve' } })
  const house = await openHouse(t)
  const [a, b] = [await house.account(), await house.account()]
  await verifyDomain(house, a, 'corp.example')
  await ownProvider(house, a, { issuer: provider.issuer })
  const end = outcome(await browserAt(house).signIn(login('anybody@CORP.example'), 'eve'))
  const me = await whoIs(house, end.token)
  t.is(me.tenant.id, a.tenantId)
  t.is(me.name, 'Eve')
  t.deepEqual(me.groups, [])
  t.deepEqual(await emailsOf(house, b), [b.email])
  const again = outcome(await browserAt(house).signIn('/api/v1/auth/oidc/login?domain=corp.example', 'eve'))
  t.is((await whoIs(house, again.token)).id, me.id)
})

test("a tenant's provider speaks for its domains and users alone", async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t)
  const [a, b] = [await house.account(), await house.account()]
  await verifyDomain(house, a, 'corp.example')
  await verifyDomain(house, b, 'other.example')
  await ownProvider(house, a, { issuer: provider.issuer })
  const guest = await house.colleague(b, 'Gil')
  await house.database
    .table('users')
    .where('id', guest.userId)
    .update({ email: 'gil@corp.example', email_key: 'gil@corp.example' })
  const accounts = {
    admin: { email: b.email, email_verified: true },
    domain: { email: 'new@other.example', email_verified: true },
    nobody: { email: 'new@nobody.example', email_verified: true },
    own: { email: a.email, email_verified: true },
    squatter: { email: 'gil@corp.example', email_verified: true },
    denied: { email: 'new@corp.example', email_verified: false },
    none: {},
    trick: { email: 'new@corp.example@other.example' },
  }
  Object.assign(provider.accounts, accounts)
  for (const account of Object.keys(accounts)) {
    const end = outcome(await browserAt(house).signIn(login('x@corp.example'), account))
    t.deepEqual(end, { error: 'no_tenant' }, account)
  }
  t.deepEqual(await emailsOf(house, a), [a.email])
  t.deepEqual(await emailsOf(house, b), [b.email, 'gil@corp.example'].sort())
  const failures = await house.database.table('audit_logs').where({ action: 'sign_in.failed' })
  t.true(failures.every(({ tenant_id }: { tenant_id: string }) => tenant_id === a.tenantId))
})

test('one provider that two tenants use leads each user to their own tenant', async t => {
  const provider = await startProvider(t, { eve: { email: 'eve@corp.example' }, mal: { email: 'mal@other.example' } })
  const house = await openHouse(t)
  const [a, b] = [await house.account(), await house.account()]
  await verifyDomain(house, a, 'corp.example')
  await verifyDomain(house, b, 'other.example')
  await ownProvider(house, a, { issuer: provider.issuer })
  await ownProvider(house, b, { issuer: provider.issuer })
  const eve = await whoIs(house, outcome(await browserAt(house).signIn(login('eve@corp.example'), 'eve')).token)
  t.is(eve.tenant.id, a.tenantId)
  const astray = outcome(await browserAt(house).signIn(login('eve@other.example'), 'eve'))
  t.deepEqual(astray, { error: 'no_tenant' }, 'an identity of another tenant')
  const mal = await whoIs(house, outcome(await browserAt(house).signIn(login('mal@other.example'), 'mal')).token)
  t.is(mal.tenant.id, b.tenantId)
})

test('where a tenant has no provider, its users go to the one of the platform', async t => {
  const provider = await startProvider(t, { eve: { email: 'eve@corp.example', email_verified: true } })
  const house = await openHouse(t, provider.issuer)
  const a = await house.account()
  await verifyDomain(house, a, 'corp.example')
  const browser = browserAt(house)
  const end = outcome(await browser.signIn(login('eve@corp.example'), 'eve'))
  t.is((await whoIs(house, end.token)).tenant.id, a.tenantId)
  t.true(browser.visited.some(({ pathname }) => pathname === '/api/v1/auth/microsoft/callback'))
})

test('a domain that is not proven leads nowhere', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t)
  const a = await house.account()
  await verifyDomain(house, a, 'corp.example')
  await house.database.table('email_domains').update({ verified_at: null })
  await ownProvider(house, a, { issuer: provider.issuer })
  const { headers } = await browserAt(house).api(login('eve@corp.example'))
  t.is(headers.location, 'https://cloud.example/auth/callback?error=no_tenant')
  t.is(provider.requests.length, 0)
})

test('the beginning wants an e-mail or a domain, and nothing else', async t => {
  const house = await openHouse(t)
  for (const query of [
    '',
    '?email=x',
    '?domain=x',
    '?email=a@b.example&domain=b.example',
    '?issuer=https://evil.example',
  ]) {
    t.is((await house.send('GET', `/api/v1/auth/oidc/login${query}`)).status, 422, query)
  }
})
