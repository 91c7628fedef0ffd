import test, { type ExecutionContext } from 'ava'
import { newId } from '../../../kernel/data/id.ts'
import { createDelivery, type Delivery, type DeliveryOptions } from '../../../kernel/events/delivery.ts'
import { appendEvent } from '../../../kernel/events/outbox.ts'
import type { DeliveredEvent, Outcome } from '../../../kernel/events/subscriptions.ts'
import { type Scene, scene } from './scene.ts'

type Handle = (event: DeliveredEvent) => Promise<Outcome>

const deliveryOf = (s: Scene, options: Partial<DeliveryOptions> = {}): Delivery =>
  createDelivery({ database: s.database, log: s.log, now: s.now, ...options })

const emit = (s: Scene, tenantId: string | undefined, payload: unknown, event = 'sites.site-created') =>
  appendEvent(s.db, { event, payload, tenantId, now: s.now() })

const listen = (delivery: Delivery, deliver: Handle, plugin = 'assets', event = 'sites.site-created') =>
  delivery.subscribe({ plugin, event, scope: 'tenant', deliver })

/** What a listener heard, as `<tenant> <payload>`, in order. */
function hearing(s: Scene) {
  const heard: string[] = []
  const deliver: Handle = async ({ tenantId, payload }) => {
    heard.push(`${'abc'[s.tenants.indexOf(tenantId ?? '')] ?? 'platform'} ${String(payload)}`)
    return undefined
  }
  return { heard, deliver }
}

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
  const dying = deliveryOf(s, { leaseMs: 30_000 })
  const reached = Promise.withResolvers<void>()
  listen(dying, () => {
    reached.resolve()
    return new Promise<Outcome>(() => undefined)
  })
  await emit(s, s.tenants[0], 1)
  void dying.settle()
  await reached.promise

  const { heard, deliver } = hearing(s)
  const next = deliveryOf(s, { leaseMs: 30_000 })
  listen(next, deliver)
  await next.settle()
  t.deepEqual(heard, [])
  s.advance(30_001)
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

test('an event whose transaction took long is heard although later ones were delivered before it', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s)
  const { heard, deliver } = hearing(s)
  listen(delivery, deliver)
  await delivery.settle()
  await emit(s, s.tenants[0], 'first')
  const [{ id }] = await s.db.table('outbox').select('id')
  await s.db.table('outbox').update({ id: id + 100 })
  await delivery.settle()
  await emit(s, s.tenants[0], 'late')
  await s.db
    .table('outbox')
    .where('id', '>', id + 100)
    .update({ id })
  await delivery.settle()
  t.deepEqual(heard, ['a first', 'a late'])
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

/** Ids of as many more tenants. */
async function moreTenants(s: Scene, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId())
  for (const id of ids) {
    const times = { created_at: s.now(), updated_at: s.now() }
    await s.db.table('tenants').insert({ id, name: id, account_name: id, status: 'active', ...times })
  }
  return ids
}

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

test('a plugin cannot listen to one event twice', async t => {
  const s = await scene(t)
  const delivery = deliveryOf(s)
  listen(delivery, hearing(s).deliver)
  t.throws(() => listen(delivery, hearing(s).deliver), { message: /"assets" listens to "sites.site-created" twice/ })
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

test('an idle look is one query', async (t: ExecutionContext) => {
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
  const writes: string[] = []
  s.database.knex.on('query', ({ sql }: { sql: string }) => writes.push(sql))
  await delivery.settle()
  t.is(reads.length, 1)
  t.deepEqual(writes, [])
})
