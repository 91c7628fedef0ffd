import test from 'ava'
import type { Outcome } from '../../../kernel/events/subscriptions.ts'
import { deliveryOf, emit, hearing, listen } from './listening.ts'
import { type Scene, scene } from './scene.ts'

/** A process that dies in the middle of a delivery. */
async function dieDelivering(s: Scene): Promise<void> {
  const dying = deliveryOf(s, { leaseMs: 30_000 })
  const reached = Promise.withResolvers<void>()
  listen(dying, () => {
    reached.resolve()
    return new Promise<Outcome>(() => undefined)
  })
  await emit(s, s.tenants[0], 1)
  void dying.settle()
  await reached.promise
}

test('an event committed before the process died is delivered by the next one', async t => {
  const s = await scene(t)
  const before = deliveryOf(s)
  listen(before, hearing(s).deliver)
  await before.settle()
  await emit(s, s.tenants[0], 'late')
  const { heard, deliver } = hearing(s)
  const after = deliveryOf(s)
  listen(after, deliver)
  await after.settle()
  t.deepEqual(heard, ['a late'])
})

test('a process that dies in the middle of a delivery is followed by another once its claim has run out', async t => {
  const s = await scene(t)
  await dieDelivering(s)
  const { heard, deliver } = hearing(s)
  const next = deliveryOf(s, { leaseMs: 30_000 })
  listen(next, deliver)
  await next.settle()
  t.deepEqual(heard, [])
  s.advance(30_001)
  await next.settle()
  t.deepEqual(heard, ['a 1'])
})

test('where there is one process alone, what a dead one had claimed is taken up at the start', async t => {
  const s = await scene(t)
  await dieDelivering(s)
  const { heard, deliver } = hearing(s)
  const next = deliveryOf(s, { leaseMs: 30_000, alone: true })
  t.teardown(() => next.stop(0))
  listen(next, deliver)
  await next.start()
  await next.settle()
  t.deepEqual(heard, ['a 1'])
})

test('an instance that was taken for dead cannot move a lane that another has taken over', async t => {
  const s = await scene(t)
  const slow = deliveryOf(s)
  const reached = Promise.withResolvers<void>()
  const go = Promise.withResolvers<Outcome>()
  listen(slow, () => {
    reached.resolve()
    return go.promise
  })
  await emit(s, s.tenants[0], 1)
  await emit(s, s.tenants[0], 2)
  const settled = slow.settle()
  await reached.promise

  s.advance(30_001)
  const { heard, deliver } = hearing(s)
  const next = deliveryOf(s, { backoff: () => 60_000 })
  listen(next, async event => {
    if (event.payload === 2) throw new Error('not yet')
    return deliver(event)
  })
  await next.settle()
  go.resolve(undefined)
  await settled
  t.deepEqual(heard, ['a 1'])
  t.true(s.lines.some(({ message }) => message.startsWith('another instance took these events over')))
  t.deepEqual((await next.stats()).behind, { assets: 1 }, 'event 2 still waits')
})

test('an event that another instance finds while the lane is about to end is not forgotten', async t => {
  const s = await scene(t)
  const one = deliveryOf(s)
  const other = deliveryOf(s)
  const { heard, deliver } = hearing(s)
  listen(other, deliver)
  listen(one, async event => {
    if (event.payload === 1) {
      await emit(s, s.tenants[0], 2)
      await other.settle()
    }
    return deliver(event)
  })
  await emit(s, s.tenants[0], 1)
  await one.settle()
  t.deepEqual(heard, ['a 1', 'a 2'])
})

test('two instances share the work: each event once, in order per tenant', async t => {
  const s = await scene(t)
  const { heard, deliver } = hearing(s)
  const instances = [deliveryOf(s), deliveryOf(s)]
  for (const instance of instances) listen(instance, deliver)
  await Promise.all(instances.map(instance => instance.settle()))
  for (let n = 0; n < 60; n++) await emit(s, s.tenants[n % 3 === 0 ? 0 : 1], n)
  await Promise.all(instances.map(instance => instance.settle()))
  for (const instance of instances) await instance.settle()
  const numbers = (tenant: string) => heard.filter(line => line.startsWith(tenant)).map(line => Number(line.slice(2)))
  t.is(heard.length, 60)
  t.deepEqual(
    numbers('a'),
    [...numbers('a')].sort((x, y) => x - y),
  )
  t.deepEqual(
    numbers('b'),
    [...numbers('b')].sort((x, y) => x - y),
  )
})
