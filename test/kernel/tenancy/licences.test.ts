import test from 'ava'
import { Problem } from '../../../kernel/errors.ts'
import { licence, storeLicence } from '../../../kernel/tenancy/licences.ts'
import { START, TenancyHouse } from './tenancy-house.ts'

const valid = { plan: 'enterprise', features: ['security', 'vpn'], expires_at: '2027-01-01T00:00:00Z' }

test('activates a pending tenant', async t => {
  const house = await TenancyHouse.open(t)
  const tenant_id = await house.tenant({ status: 'pending' })
  await house.features.refresh()
  const { call, audited } = house.call()
  const answer = await storeLicence(call, house.features, licence.parse({ ...valid, tenant_id }))
  t.like(answer, { tenant_id, status: 'active', features: ['security', 'vpn'] })
  t.is(house.features.current().revision, answer.revision)
  t.true(house.features.tenant(tenant_id)?.features.has('vpn'), 'at once, without a poll')
  t.deepEqual(audited, [{ tenantId: tenant_id, action: 'license.refreshed' }])
})

test('the same licence again changes nothing', async t => {
  const house = await TenancyHouse.open(t)
  const tenant_id = await house.tenant({ status: 'pending' })
  const { call, audited } = house.call()
  const given = licence.parse({ ...valid, tenant_id, issued_at: '2026-03-01T11:59:00Z' })
  const first = await storeLicence(call, house.features, given)
  t.deepEqual(await storeLicence(call, house.features, given), first)
  t.is(audited.length, 1)
})

test('takes features away and gives them back', async t => {
  const house = await TenancyHouse.open(t)
  const tenant_id = await house.tenant({ status: 'pending' })
  const { call } = house.call()
  const store = (features: string[]) =>
    storeLicence(call, house.features, licence.parse({ ...valid, tenant_id, features }))
  await store(['security', 'vpn'])
  await store(['vpn'])
  t.deepEqual(house.features.map(tenant_id), { backup: false, security: false, vpn: true })
  const back = await store(['vpn', 'security', 'vpn'])
  t.deepEqual(back.features, ['security', 'vpn'])
  t.true(house.features.map(tenant_id).security)
})

test('a licence that was issued before the stored one changes nothing', async t => {
  const house = await TenancyHouse.open(t)
  const tenant_id = await house.tenant({ status: 'pending' })
  const { call } = house.call()
  const store = (issued_at: string | undefined, plan: string) =>
    storeLicence(call, house.features, licence.parse({ ...valid, tenant_id, plan, features: [plan], issued_at }))
  await store('2026-03-01T12:00:00+01:00', 'newer')
  const late = await store('2026-03-01T10:59:59Z', 'older')
  t.deepEqual(late.features, ['newer'])
  t.deepEqual((await store(undefined, 'unstamped')).features, ['unstamped'])
  t.deepEqual((await store('2026-03-01T10:00:00Z', 'older')).features, ['unstamped'], 'the stored stamp is kept')
})

test('a licence that has run out puts the tenant in grace or expired', async t => {
  const house = await TenancyHouse.open(t)
  const tenant_id = await house.tenant({ status: 'pending' })
  const { call } = house.call()
  const store = (expires_at: string) =>
    storeLicence(call, house.features, licence.parse({ ...valid, tenant_id, expires_at }))
  t.is((await store('2026-02-20T00:00:00Z')).status, 'grace')
  t.is((await store('2026-01-01T00:00:00Z')).status, 'expired')
  t.is((await store('2026-04-01T00:00:00Z')).status, 'active')
})

test('a suspended tenant stays suspended', async t => {
  const house = await TenancyHouse.open(t)
  const tenant_id = await house.tenant({ status: 'suspended', expiresAt: START })
  const { call } = house.call()
  const answer = await storeLicence(call, house.features, licence.parse({ ...valid, tenant_id }))
  t.is(answer.status, 'suspended')
})

test('an unknown tenant is refused', async t => {
  const house = await TenancyHouse.open(t)
  const { call } = house.call()
  const tenant_id = '01900000-0000-7000-8000-000000000000'
  const error = await t.throwsAsync(storeLicence(call, house.features, licence.parse({ ...valid, tenant_id })), {
    instanceOf: Problem,
  })
  t.is(error.code, 'tenant_not_found')
})

test('the schema refuses what is not a licence', t => {
  const tenant_id = '01900000-0000-7000-8000-000000000000'
  const good = { ...valid, tenant_id }
  t.true(licence.safeParse(good).success)
  t.true(licence.safeParse({ ...good, features: ['not-yet-known'] }).success)
  for (const bad of [
    { ...good, tenant_id: 'acme' },
    { ...good, features: 'security' },
    { ...good, features: ['Not a key'] },
    { ...good, expires_at: 'tomorrow' },
    { ...good, plan: '' },
    { ...good, extra: 1 },
  ]) {
    t.false(licence.safeParse(bad).success, JSON.stringify(bad))
  }
})

test('what goes on by a licence is told to the plugins, what was on already is not', async t => {
  const house = await TenancyHouse.open(t)
  const tenant_id = await house.tenant({ status: 'pending' })
  const { call, queued } = house.call()
  const store = (change: object) =>
    storeLicence(call, house.features, licence.parse({ ...valid, tenant_id, ...change }))
  const told = () => queued.splice(0).map(({ data }) => (data as { features: string[] }).features)
  await store({ features: ['security'] })
  t.deepEqual(queued, [{ job: 'begin-features', data: { tenant_id, features: ['security'] } }])
  t.deepEqual(told(), [['security']])
  await store({ features: ['security', 'vpn'] })
  t.deepEqual(told(), [['vpn']])
  await store({ features: ['vpn'] })
  t.deepEqual(told(), [])
  await store({ features: ['security', 'vpn'] })
  t.deepEqual(told(), [['security']])
  house.clock.time = Date.parse('2027-01-02T00:00:00Z')
  await store({ expires_at: '2027-01-01T12:00:00Z' })
  t.deepEqual(told(), [], 'it ran out already')
  await store({ expires_at: '2028-01-01T00:00:00Z' })
  t.deepEqual(told(), [['security', 'vpn']], 'renewed after it ran out')
})
