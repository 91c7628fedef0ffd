import test from 'ava'
import { CallCore, TenantCall } from '../../../kernel/call.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { bellPlugin } from './bell-plugin.ts'

const LONG = 60_000

/** A call of the plugin, as a route would get it. */
function callOf(
  t0: TestKernel,
  { plugin = 'bell', tenant = 'a' as 'a' | 'b', signal = new AbortController().signal } = {},
) {
  const { runtime, catalogue } = t0.kernel
  const core = new CallCore(runtime, { actor: { kind: 'service', id: 'test' }, signal: () => signal })
  const host = catalogue.byName(plugin)
  const state = runtime.tenant(t0.tenantId(tenant))
  if (!host || !state) throw new Error(`there is no plugin "${plugin}", or no tenant`)
  return new TenantCall(core, host, state.tenant, { has: () => true })
}

test('a long poll is answered as soon as the topic is woken', async t => {
  const waits = Promise.withResolvers<string>()
  await using t0 = await startTestKernel({ plugins: [bellPlugin('bell', waits.resolve)] })
  const user = await t0.as('a')
  const answer = user.get(`/bell/orders?wait_ms=${LONG}`)
  await waits.promise
  t.is((await user.post('/bell/orders', {})).status, 204)
  t.deepEqual((await answer).body, { heard: true })
  t.is(t0.kernel.runtime.bells.size, 0)
})

test('without a wake it is answered after its time', async t => {
  await using t0 = await startTestKernel({ plugins: [bellPlugin()] })
  const user = await t0.as('a')
  t.deepEqual((await user.get('/bell/orders?wait_ms=10')).body, { heard: false })
  t.deepEqual((await user.get('/bell/orders?wait_ms=0')).body, { heard: false })
})

test('a wake between two waits is heard at once, and only once', async t => {
  await using t0 = await startTestKernel({ plugins: [bellPlugin()] })
  const call = callOf(t0)
  using bell = call.listen('orders')
  call.wake('orders')
  call.wake('orders')
  await new Promise(setImmediate)
  t.true(await bell.heard(LONG))
  t.false(await bell.heard(1))
})

test('only a call that commits wakes', async t => {
  await using t0 = await startTestKernel({ plugins: [bellPlugin()] })
  using bell = callOf(t0).listen('orders')
  const user = await t0.as('a')
  t.is((await user.post('/bell/orders', { fail: true })).status, 409)
  await new Promise(setImmediate)
  t.false(await bell.heard(1))
  t.is((await user.post('/bell/orders', {})).status, 204)
  t.true(await bell.heard(LONG))
})

test('topics of another tenant, plugin or name are not heard', async t => {
  await using t0 = await startTestKernel({ plugins: [bellPlugin(), bellPlugin('other')] })
  using bell = callOf(t0).listen('orders')
  callOf(t0, { tenant: 'b' }).wake('orders')
  callOf(t0, { plugin: 'other' }).wake('orders')
  callOf(t0).wake('other')
  await new Promise(setImmediate)
  t.false(await bell.heard(1))
})

test('everybody who listens is woken, and a disposed listener is gone', async t => {
  await using t0 = await startTestKernel({ plugins: [bellPlugin()] })
  const call = callOf(t0)
  const bells = Array.from({ length: 1_000 }, () => call.listen('orders'))
  const heard = Promise.all(bells.map(bell => bell.heard(LONG)))
  t.is(t0.kernel.runtime.bells.size, 1_000)
  call.wake('orders')
  t.true((await heard).every(Boolean))
  const late = bells[0]?.heard(LONG)
  for (const bell of bells) bell[Symbol.dispose]()
  t.false(await late)
  t.false(await bells[0]?.heard(LONG))
  t.is(t0.kernel.runtime.bells.size, 0)
})

test('nobody waits for a client that is gone', async t => {
  await using t0 = await startTestKernel({ plugins: [bellPlugin()] })
  const client = new AbortController()
  using bell = callOf(t0, { signal: client.signal }).listen('orders')
  const heard = bell.heard(LONG)
  client.abort()
  t.false(await heard)
  t.false(await bell.heard(LONG))
})

test('a plugin that stops does not wait for long polls', async t => {
  const waits = Promise.withResolvers<string>()
  await using t0 = await startTestKernel({ plugins: [bellPlugin('bell', waits.resolve)] })
  const user = await t0.as('a')
  const answer = user.get(`/bell/orders?wait_ms=${LONG}`)
  await waits.promise
  await t0.kernel.catalogue.byName('bell')?.stop(LONG)
  t.deepEqual((await answer).body, { heard: false })
})

test('a process that drains sends them home, and keeps nobody longer than a second', async t => {
  const waits = Promise.withResolvers<string>()
  await using t0 = await startTestKernel({ plugins: [bellPlugin('bell', waits.resolve)] })
  const user = await t0.as('a')
  const answer = user.get(`/bell/orders?wait_ms=${LONG}`)
  await waits.promise
  await t0.kernel.drain()
  t.deepEqual((await answer).body, { heard: false })
  t.deepEqual((await user.get(`/bell/orders?wait_ms=${LONG}`)).body, { heard: false })
  const last = callOf(t0).listen('orders')
  await t0.kernel.closeSockets()
  t.false(await last.heard(LONG))
})
