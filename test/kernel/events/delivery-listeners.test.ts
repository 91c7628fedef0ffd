import test from 'ava'
import { deliveryOf, emit, hearing, listen } from './listening.ts'
import { scene } from './scene.ts'

test('skipped events are passed over and counted', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s)
  const { heard, deliver } = hearing(s)
  listen(delivery, async event => (event.payload === 1 ? 'skipped' : deliver(event)))
  await emit(s, s.tenants[0], 1)
  await emit(s, s.tenants[0], 2)
  await delivery.settle()
  t.deepEqual(heard, ['a 2'])
  t.deepEqual(delivery.counts.get('assets'), { delivered: 1, skipped: 1, failed: 0, dead: 0 })
})

test('a lane waits for a listener that says so, without counting attempts', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s, { waitMs: 5000, maxAttempts: 2 })
  const { heard, deliver } = hearing(s)
  let running = false
  const attempts: number[] = []
  listen(delivery, async event => {
    attempts.push(event.attempt)
    return running ? deliver(event) : 'wait'
  })
  await emit(s, s.tenants[0], 1)
  for (let round = 0; round < 4; round++) {
    await delivery.settle()
    s.advance(5001)
  }
  running = true
  await delivery.settle()
  t.deepEqual(heard, ['a 1'])
  t.deepEqual(attempts, [1, 1, 1, 1, 1])
})

test('events wait for a plugin that stopped listening, also over a restart, and for one never heard of they do not', async t => {
  const s = await scene(t)
  const before = deliveryOf(s)
  const end = listen(before, hearing(s).deliver)
  await before.settle()
  end()
  await emit(s, s.tenants[0], 'missed')
  await before.settle()

  const after = deliveryOf(s)
  await after.settle()
  const { heard, deliver } = hearing(s)
  const newcomer = hearing(s)
  listen(after, deliver)
  listen(after, newcomer.deliver, 'newcomer')
  await after.settle()
  t.deepEqual(heard, ['a missed'])
  t.deepEqual(newcomer.heard, [])
})

test('nothing waits for a plugin that was forgotten', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s)
  const end = listen(delivery, hearing(s).deliver)
  await delivery.settle()
  end()
  await emit(s, s.tenants[0], 1)
  await delivery.settle()
  await delivery.forget('assets')
  const { heard, deliver } = hearing(s)
  listen(delivery, deliver)
  await delivery.settle()
  t.deepEqual(heard, [])
  await emit(s, s.tenants[0], 2)
  await delivery.settle()
  t.deepEqual(heard, ['a 2'])
})

test('platform listeners hear events of no tenant, tenant listeners the others', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s)
  const tenant = hearing(s)
  const platform = hearing(s)
  const event = 'cve-feed.feed-synced'
  listen(delivery, tenant.deliver, 'assets', event)
  delivery.subscribe({ plugin: 'vulnerabilities', event, scope: 'platform', deliver: platform.deliver })
  await emit(s, undefined, 'all', event)
  await emit(s, s.tenants[1], 'one', event)
  await delivery.settle()
  t.deepEqual(tenant.heard, ['b one'])
  t.deepEqual(platform.heard, ['platform all'])
})

test('a plugin cannot listen to one event twice', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s)
  listen(delivery, hearing(s).deliver)
  t.throws(() => listen(delivery, hearing(s).deliver), { message: /"assets" listens to "sites.site-created" twice/ })
})
