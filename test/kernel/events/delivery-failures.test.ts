import test from 'ava'
import type { Outcome } from '../../../kernel/events/subscriptions.ts'
import { deliveryOf, emit, hearing, listen, moreTenants } from './listening.ts'
import { scene } from './scene.ts'

test('a failing event holds up its own tenant and plugin only, and its order stays', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s, { backoff: () => 60_000 })
  const failing = hearing(s)
  const other = hearing(s)
  let broken = true
  listen(delivery, async event => {
    if (broken && event.tenantId === s.tenants[0] && event.payload === 2) throw new Error('no disk')
    return failing.deliver(event)
  })
  listen(delivery, other.deliver, 'vulnerabilities')
  for (const n of [1, 2, 3]) {
    await emit(s, s.tenants[0], n)
    await emit(s, s.tenants[1], n)
  }
  await delivery.settle()
  t.deepEqual(failing.heard.toSorted(), ['a 1', 'b 1', 'b 2', 'b 3'])
  t.deepEqual(other.heard.toSorted(), ['a 1', 'a 2', 'a 3', 'b 1', 'b 2', 'b 3'])
  const stats = await delivery.stats()
  t.deepEqual(stats.behind, { assets: 1 })
  t.like(stats.troubled[0], { plugin: 'assets', tenantId: s.tenants[0], attempts: 1, dead: 0 })
  t.regex(String(stats.troubled[0]?.error), /^sites\.site-created [0-9a-f-]{36}: no disk$/)

  broken = false
  await delivery.settle()
  t.is(failing.heard.length, 4, 'not before the pause is over')
  s.advance(75_001)
  await delivery.settle()
  t.deepEqual(
    failing.heard.filter(line => line.startsWith('a')),
    ['a 1', 'a 2', 'a 3'],
  )
  t.deepEqual((await delivery.stats()).behind, {})
})

test('after the last attempt the event is given up: logged, counted, visible; the lane goes on', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s, { maxAttempts: 3, backoff: () => 1000 })
  const { heard, deliver } = hearing(s)
  const attempts: number[] = []
  listen(delivery, async event => {
    if (event.payload !== 'bad') return deliver(event)
    attempts.push(event.attempt)
    throw new Error('cannot be')
  })
  const id = await emit(s, s.tenants[0], 'bad')
  await emit(s, s.tenants[0], 'good')
  for (let round = 0; round < 3; round++) {
    await delivery.settle()
    s.advance(1251)
  }
  t.deepEqual(attempts, [1, 2, 3])
  t.deepEqual(heard, ['a good'])
  t.like((await delivery.stats()).troubled[0], { attempts: 0, dead: 1 })
  t.deepEqual(delivery.counts.get('assets'), { delivered: 1, skipped: 0, failed: 2, dead: 1 })
  const buried = s.lines.filter(({ level }) => level === 'error')
  t.is(buried.length, 1)
  t.like(buried[0]?.fields, { plugin: 'assets', event_id: id, tenant_id: s.tenants[0], attempts: 3 })
})

test('a plugin whose handlers hang for many tenants does not hold up another plugin', async t => {
  const s = await scene(t)
  const tenants = await moreTenants(s, 60)
  const delivery = deliveryOf(s, { pollMs: 3_600_000 })
  const hung = Promise.withResolvers<Outcome>()
  const arrived = Promise.withResolvers<unknown>()
  listen(delivery, () => hung.promise)
  listen(
    delivery,
    async ({ payload }) => {
      arrived.resolve(payload)
      return undefined
    },
    'vulnerabilities',
    'sites.site-deleted',
  )
  await delivery.start()
  t.teardown(() => delivery.stop(0))
  for (const tenant of tenants) await emit(s, tenant, 1)
  delivery.nudge()
  s.advance(1)
  await emit(s, s.tenants[0], 'through', 'sites.site-deleted')
  delivery.nudge()
  t.is(await arrived.promise, 'through')
  hung.resolve(undefined)
})

test('a handler that takes too long counts as failed, and is told to end', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s, { timeoutMs: 10 })
  const told = Promise.withResolvers<void>()
  listen(delivery, ({ signal }) => {
    signal.addEventListener('abort', () => told.resolve())
    return new Promise<Outcome>(() => undefined)
  })
  await emit(s, s.tenants[0], 1)
  await delivery.settle()
  await told.promise
  t.regex(String((await delivery.stats()).troubled[0]?.error), /took longer than 10 ms/)
})
