import test from 'ava'
import { createDelivery } from '../../../kernel/events/delivery.ts'
import { appendEvent } from '../../../kernel/events/outbox.ts'
import { type Scene, scene } from './scene.ts'

const DAY = 86_400_000
const event = 'sites.site-created'

const emit = (s: Scene, tenant: 0 | 1, payload: unknown) =>
  appendEvent(s.db, { event, payload, tenantId: s.tenants[tenant], now: s.now() })

const kept = async (s: Scene): Promise<unknown[]> => {
  const rows: { payload: string }[] = await s.db.table('outbox').select('payload').orderBy('id')
  return rows.map(({ payload }) => JSON.parse(payload))
}

test('delivered events go after a day, those that somebody still has to hear stay', async t => {
  const s = await scene(t)
  const delivery = createDelivery(s)
  const refused = s.tenants[1]
  delivery.subscribe({
    plugin: 'assets',
    event,
    scope: 'tenant',
    deliver: async ({ tenantId }) => (tenantId === refused ? 'wait' : undefined),
  })
  await delivery.settle()
  await emit(s, 0, 'delivered')
  await emit(s, 1, 'waiting')
  await delivery.settle()
  t.is(await delivery.purge(), 0)

  s.advance(DAY + 1)
  await emit(s, 0, 'not looked at')
  t.is(await delivery.purge(), 1)
  t.deepEqual(await kept(s), ['waiting', 'not looked at'])
})

test('what waits for a plugin that is gone for a week is given up', async t => {
  const s = await scene(t)
  const delivery = createDelivery(s)
  const end = delivery.subscribe({ plugin: 'gone', event, scope: 'tenant', deliver: async () => undefined })
  await delivery.settle()
  end()
  await emit(s, 0, 1)
  await delivery.settle()
  s.advance(6 * DAY)
  t.is(await delivery.purge(), 0)
  s.advance(1 * DAY + 1)
  t.is(await delivery.purge(), 1)
  t.deepEqual((await delivery.stats()).behind, {})
})

test('a long past is purged in bounded steps', async t => {
  const s = await scene(t)
  const delivery = createDelivery(s)
  await s.db.transaction(async () => {
    for (let n = 0; n < 2100; n++) await emit(s, 0, n)
  })
  await delivery.settle()
  s.advance(DAY + 1)
  t.is(await delivery.purge(), 2100)
  t.deepEqual(await kept(s), [])
})
