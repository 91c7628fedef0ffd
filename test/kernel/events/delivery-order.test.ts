import test from 'ava'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import { deliveryOf, emit, hearing, listen, moreTenants } from './listening.ts'
import { scene } from './scene.ts'

test('an event whose transaction took long is heard although later ones were delivered before it', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s)
  const { heard, deliver } = hearing(s)
  listen(delivery, deliver)
  await delivery.settle()
  if (s.database.dialect.name === 'mssql') {
    await s.db.transaction(async () => {
      await emit(s, s.tenants[0], 'late')
      await emit({ ...s, db: new PlatformDb(s.database, new Set()) }, s.tenants[0], 'first')
      await delivery.settle()
    })
  } else {
    // SQLite has one writer at a time, so the order of the ids is made.
    await emit(s, s.tenants[0], 'first')
    const [{ id }] = await s.db.table('outbox').select('id')
    await s.db.table('outbox').update({ id: id + 100 })
    await delivery.settle()
    await emit(s, s.tenants[0], 'late')
    const late = s.db.table('outbox').where('id', '>', id + 100)
    await late.update({ id })
  }
  await delivery.settle()
  t.deepEqual(heard, ['a first', 'a late'])
})

test('tenants with many events do not starve one with few', async t => {
  const s = await scene(t)
  const busy = await moreTenants(s, 6)
  const [small] = await moreTenants(s, 1)
  const delivery = deliveryOf(s, { now: () => new Date() })
  const heard: string[] = []
  listen(delivery, async ({ tenantId, payload }) => {
    heard.push(`${tenantId} ${payload}`)
    return undefined
  })
  await s.db.transaction(async () => {
    for (let n = 0; n < 500; n++) for (const tenant of busy) await emit(s, tenant, n)
    await emit(s, small, 'small')
  })
  await delivery.settle()
  t.is(heard.length, 3001)
  t.true(heard.indexOf(`${small} small`) < 1800, 'four others go first, and give way before they are done')
  for (const tenant of busy) {
    const own = heard.filter(line => line.startsWith(tenant))
    t.deepEqual(
      own,
      own.map((_, n) => `${tenant} ${n}`),
    )
  }
})

test('one plugin hears its different events in the order they were told', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s)
  const { heard, deliver } = hearing(s)
  listen(delivery, deliver, 'assets', 'sites.site-created')
  listen(delivery, deliver, 'assets', 'sites.site-deleted')
  for (let n = 0; n < 6; n++) await emit(s, s.tenants[0], n, n % 2 ? 'sites.site-deleted' : 'sites.site-created')
  await delivery.settle()
  t.deepEqual(heard, ['a 0', 'a 1', 'a 2', 'a 3', 'a 4', 'a 5'])
})
