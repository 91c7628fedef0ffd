import test from 'ava'
import { DAY, START, TenancyHouse } from './tenancy-house.ts'

const inDays = (days: number): Date => new Date(START.getTime() + days * DAY)

test('a licensed tenant has its features', async t => {
  const house = await TenancyHouse.open(t)
  const id = await house.tenant({ expiresAt: inDays(30), features: ['security'] })
  await house.features.refresh()
  const state = house.features.tenant(id)
  t.is(state?.tenant.status, 'active')
  t.deepEqual([...(state?.features ?? [])], ['security'])
  t.deepEqual(house.features.map(id), { backup: false, security: true, vpn: false })
})

test('a tenant goes from active over grace to expired by time alone', async t => {
  const house = await TenancyHouse.open(t)
  const id = await house.tenant({ expiresAt: inDays(30), features: ['security'] })
  await house.features.refresh()
  house.clock.forward(30 * DAY - 1)
  t.is(house.features.tenant(id)?.tenant.status, 'active')
  house.clock.forward(1)
  t.is(house.features.tenant(id)?.tenant.status, 'grace')
  t.is(house.features.tenant(id)?.features.size, 0)
  t.false(house.features.map(id).security)
  house.clock.forward(14 * DAY - 1)
  t.is(house.features.tenant(id)?.tenant.status, 'grace')
  house.clock.forward(1)
  t.is(house.features.tenant(id)?.tenant.status, 'expired')
})

test('a clock that is set back brings the licence back', async t => {
  const house = await TenancyHouse.open(t)
  const id = await house.tenant({ expiresAt: inDays(-1), features: ['vpn'] })
  await house.features.refresh()
  t.is(house.features.tenant(id)?.tenant.status, 'grace')
  house.clock.forward(-2 * DAY)
  t.is(house.features.tenant(id)?.tenant.status, 'active')
})

test('without a licence a tenant is pending, whatever is stored; a suspended one stays suspended', async t => {
  const house = await TenancyHouse.open(t)
  const pending = await house.tenant({ status: 'pending' })
  const unlicensed = await house.tenant({ status: 'active' })
  const suspended = await house.tenant({ status: 'suspended', expiresAt: inDays(30), features: ['vpn'] })
  await house.features.refresh()
  t.is(house.features.tenant(pending)?.tenant.status, 'pending')
  t.is(house.features.tenant(unlicensed)?.tenant.status, 'pending')
  t.is(house.features.tenant(suspended)?.tenant.status, 'suspended')
  t.is(house.features.tenant(suspended)?.features.size, 0)
})

test('tenantsWith names the tenants that may use a feature', async t => {
  const house = await TenancyHouse.open(t)
  const both = await house.tenant({ expiresAt: inDays(30), features: ['security'] })
  const plain = await house.tenant({ expiresAt: inDays(30) })
  await house.tenant({ status: 'pending' })
  await house.features.refresh()
  const snapshot = house.features.current()
  t.deepEqual(snapshot.tenantsWith('security'), [both])
  t.deepEqual([...snapshot.tenantsWith(undefined)].sort(), [both, plain].sort())
  t.deepEqual(snapshot.tenantsWith('vpn'), [])
})

test('what this instance changes holds at its commit, and not when it is rolled back', async t => {
  const house = await TenancyHouse.open(t)
  const id = await house.tenant({ expiresAt: inDays(30), features: ['security'] })
  await house.features.refresh()
  const before = house.features.current()

  const db = house.db()
  await t.throwsAsync(
    db.transaction(async () => {
      await db.table('tenant_features').where('tenant_id', id).update({ enabled: false })
      await house.features.changed(db, id)
      throw new Error('changed my mind')
    }),
  )
  t.is(house.features.current(), before)

  const revision = await db.transaction(async () => {
    await db.table('tenant_features').where('tenant_id', id).update({ enabled: false })
    return house.features.changed(db, id)
  })
  t.is(house.features.current().revision, revision)
  t.is(house.features.tenant(id)?.features.size, 0)
  t.is(before.byTenant.get(id)?.features.size, 1, 'the old snapshot is not touched')
})

test('another instance sees the change when it looks at the revision', async t => {
  const house = await TenancyHouse.open(t)
  const id = await house.tenant({ expiresAt: inDays(30) })
  const other = house.instance()
  await other.refresh()
  const heard: number[] = []
  other.onChange(current => heard.push(current.revision))

  await other.refresh()
  t.deepEqual(heard, [], 'nothing new, nothing told')
  await house.db().table('tenants').where('id', id).update({ status: 'suspended' })
  const db = house.db()
  const revision = await db.transaction(() => house.features.changed(db, id))
  await other.refresh()
  t.is(other.tenant(id)?.tenant.status, 'suspended')
  t.deepEqual(heard, [revision])
})

test('a change that came between is not lost', async t => {
  const house = await TenancyHouse.open(t)
  const mine = await house.tenant({ expiresAt: inDays(30) })
  await house.features.refresh()
  const theirs = await house.tenant({ expiresAt: inDays(30) })
  const db = house.db()
  await db.transaction(() => house.features.changed(db, mine))
  t.is(house.features.tenant(theirs), undefined)
  await house.features.refresh()
  t.is(house.features.tenant(theirs)?.tenant.status, 'active')
})

test('listeners are told until they leave', async t => {
  const house = await TenancyHouse.open(t)
  let told = 0
  const leave = house.features.onChange((current, before) => {
    told++
    t.not(current, before)
  })
  await house.features.refresh()
  t.is(told, 1)
  leave()
  await house.tenant()
  await house.features.refresh()
  t.is(told, 1)
})

test('ten thousand tenants are read in pages', async t => {
  const house = await TenancyHouse.open(t)
  const numbers = Array.from({ length: 10_000 }, (_, i) => i)
  const idOf = (n: number): string => `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
  const db = house.db()
  await db.upsert(
    'tenants',
    numbers.map(n => ({
      id: idOf(n),
      name: `Tenant ${n}`,
      account_name: `tenant-${n}`,
      status: 'active',
      created_at: START,
      updated_at: START,
    })),
    ['id'],
  )
  await db.upsert(
    'tenant_licenses',
    numbers.map(n => ({ tenant_id: idOf(n), plan: 'standard', expires_at: inDays(30), updated_at: START })),
    ['tenant_id'],
  )
  await db.upsert(
    'tenant_features',
    numbers
      .filter(n => n % 2 === 0)
      .map(n => ({ tenant_id: idOf(n), feature: 'vpn', enabled: true, updated_at: START })),
    ['tenant_id', 'feature'],
  )
  await house.features.refresh()
  const snapshot = house.features.current()
  t.is(snapshot.byTenant.size, 10_000)
  t.is(snapshot.tenantsWith('vpn').length, 5000)
  t.true(snapshot.byTenant.get(idOf(9998))?.features.has('vpn'))
  t.false(snapshot.byTenant.get(idOf(9999))?.features.has('vpn'))
})
