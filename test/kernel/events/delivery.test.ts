import test from 'ava'
import { createDelivery } from '../../../kernel/events/delivery.ts'
import type { DeliveredEvent, Outcome } from '../../../kernel/events/subscriptions.ts'
import { deliveryOf, emit, hearing, listen } from './listening.ts'
import { scene } from './scene.ts'

test('a listener gets what was committed, with id, payload, tenant and attempt', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s)
  const got: DeliveredEvent[] = []
  listen(delivery, async event => {
    got.push(event)
    return undefined
  })
  await delivery.settle()
  const id = await emit(s, s.tenants[0], { site_id: 's1', names: ['x'] })
  await delivery.settle()
  t.is(got.length, 1)
  const { signal, ...rest } = got[0] as DeliveredEvent
  t.false(signal.aborted)
  t.deepEqual(rest, {
    id,
    event: 'sites.site-created',
    payload: { site_id: 's1', names: ['x'] },
    tenantId: s.tenants[0],
    attempt: 1,
  })
  await delivery.settle()
  t.is(got.length, 1)
})

test('started, it delivers on a nudge without waiting for the poll', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s, { pollMs: 3_600_000 })
  const arrived = Promise.withResolvers<unknown>()
  listen(delivery, async ({ payload }) => {
    arrived.resolve(payload)
    return undefined
  })
  await delivery.start()
  t.teardown(() => delivery.stop(1000))
  await s.db.transaction(async () => {
    await emit(s, s.tenants[0], 7)
    s.db.afterCommit(delivery.nudge)
  })
  t.is(await arrived.promise, 7)
})

test('started, it finds by polling what nobody nudged about', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s, { pollMs: 5 })
  const arrived = Promise.withResolvers<unknown>()
  listen(delivery, async ({ payload }) => {
    arrived.resolve(payload)
    return undefined
  })
  await delivery.start()
  t.teardown(() => delivery.stop(1000))
  await emit(s, s.tenants[0], 7)
  t.is(await arrived.promise, 7)
})

test('stop waits for the running delivery and begins no other', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s, { pollMs: 3_600_000 })
  const reached = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const { heard, deliver } = hearing(s)
  listen(delivery, async event => {
    reached.resolve()
    await go.promise
    return deliver(event)
  })
  await delivery.start()
  await emit(s, s.tenants[0], 1)
  await emit(s, s.tenants[0], 2)
  delivery.nudge()
  await reached.promise
  const stopped = delivery.stop(60_000)
  go.resolve()
  await stopped
  t.deepEqual(heard, ['a 1'])

  const next = deliveryOf(s)
  listen(next, deliver)
  await next.settle()
  t.deepEqual(heard, ['a 1', 'a 2'])
})

test('stop aborts what does not end in time', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s, { pollMs: 3_600_000 })
  const reached = Promise.withResolvers<AbortSignal>()
  listen(delivery, ({ signal }) => {
    reached.resolve(signal)
    return new Promise<Outcome>(() => undefined)
  })
  await delivery.start()
  await emit(s, s.tenants[0], 1)
  delivery.nudge()
  const signal = await reached.promise
  await delivery.stop(10)
  t.true(signal.aborted)
})

test('an idle look is one query', async t => {
  const s = await scene(t)
  const reads: string[] = []
  const database = {
    ...s.database,
    read: ((query, ...rest) => {
      reads.push(query.sql)
      return s.database.read(query, ...rest)
    }) as typeof s.database.read,
  }
  const delivery = createDelivery({ database, log: s.log, now: s.now })
  listen(delivery, hearing(s).deliver)
  await emit(s, s.tenants[0], 1)
  await delivery.settle()
  reads.length = 0
  const others: string[] = []
  s.database.knex.on('query', ({ sql }: { sql: string }) => others.push(sql))
  await delivery.settle()
  t.is(reads.length, 1)
  // On SQL Server reads go this way, too.
  t.deepEqual(
    others.filter(sql => !sql.startsWith('select')),
    [],
  )
})
