import test from 'ava'
import { TenantDb } from '../../../kernel/data/tenant-db.ts'
import { appendEvent, LARGEST_PAYLOAD } from '../../../kernel/events/outbox.ts'
import { scene } from './scene.ts'

const event = 'sites.site-created'

test('an event is written with the work that caused it', async t => {
  const { db, tenants, now } = await scene(t)
  const id = await appendEvent(db, { event, payload: { a: 1 }, tenantId: tenants[0], now: now() })
  const row = { event_id: id, event, payload: '{"a":1}', tenant_id: tenants[0], created_at: '2026-03-01T10:00:00.000Z' }
  t.like((await db.table('outbox').select())[0], { ...row, batch: null })
})

test('an event goes when the work is rolled back', async t => {
  const { db, tenants, now } = await scene(t)
  const work = db.transaction(async () => {
    await appendEvent(db, { event, payload: 1, tenantId: tenants[0], now: now() })
    throw new Error('undo')
  })
  await t.throwsAsync(work, { message: 'undo' })
  t.deepEqual(await db.table('outbox').select(), [])
})

test('a tenant writes its own events, and no others', async t => {
  const { database, db, tenants, now } = await scene(t)
  const own = new TenantDb(database, tenants[0], new Set())
  await appendEvent(own, { event, payload: 1, tenantId: tenants[0], now: now() })
  await t.throwsAsync(appendEvent(own, { event, payload: 1, tenantId: tenants[1], now: now() }), {
    message: /must be of the tenant/,
  })
  await t.throwsAsync(appendEvent(own, { event, payload: 1, tenantId: undefined, now: now() }), {
    message: /must be of the tenant/,
  })
  t.deepEqual(await db.table('outbox').select('tenant_id'), [{ tenant_id: tenants[0] }])
})

test('the platform writes events of any tenant and of none', async t => {
  const { db, tenants, now } = await scene(t)
  await appendEvent(db, { event, payload: 1, tenantId: tenants[1], now: now() })
  await appendEvent(db, { event, payload: undefined, tenantId: undefined, now: now() })
  t.deepEqual(await db.table('outbox').select('tenant_id', 'payload').orderBy('id'), [
    { tenant_id: tenants[1], payload: '1' },
    { tenant_id: null, payload: 'null' },
  ])
})

test('a payload that is too large is refused with what to do', async t => {
  const { db, tenants, now } = await scene(t)
  const payload = 'x'.repeat(LARGEST_PAYLOAD)
  await t.throwsAsync(appendEvent(db, { event, payload, tenantId: tenants[0], now: now() }), {
    message: /"sites.site-created" has 65538 characters.*send ids instead/,
  })
})
