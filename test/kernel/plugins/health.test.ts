import test from 'ava'
import { serviceRef } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { smallPlugin } from './small-plugin.ts'

class Thing {}
const ref = (name: string) => serviceRef<Thing>(`${name}.thing`)
const offering = (name: string) => ({ offers: { thing: ref(name) }, services: { thing: Thing } })

test('live says that the process answers, whatever is wrong', async t => {
  const broken = smallPlugin('broken', () => {
    throw new Error('x')
  })
  await using house = await startTestKernel({ plugins: [broken] })
  t.like(await house.anonymous.get('/health/live'), { status: 200, body: { status: 'ok' } })
})

test('a plugin that fails, one that waits for it, one without a provider and a cycle are each named', async t => {
  const provider = smallPlugin(
    'provider',
    () => {
      throw new Error('no connection to the broker')
    },
    offering('provider'),
  )
  const user = smallPlugin('user', () => undefined, { uses: { thing: ref('provider') } })
  const lonely = smallPlugin('lonely', () => undefined, { uses: { thing: ref('nobody') } })
  const chicken = smallPlugin('chicken', () => undefined, { ...offering('chicken'), uses: { egg: ref('egg') } })
  const egg = smallPlugin('egg', () => undefined, { ...offering('egg'), uses: { chicken: ref('chicken') } })
  const fine = smallPlugin('fine', () => undefined)
  await using house = await startTestKernel({ plugins: [user, provider, lonely, chicken, egg, fine] })
  const seen = await house.anonymous.get('/health/ready')
  t.is(seen.status, 200)
  t.deepEqual(seen.body, {
    status: 'degraded',
    problems: { provider: 'failed', user: 'blocked', lonely: 'rejected', chicken: 'rejected', egg: 'rejected' },
  })
  const ready = await house.internal.get('/health/ready')
  t.deepEqual(ready.body, {
    status: 'degraded',
    problems: {
      provider: 'no connection to the broker',
      user: 'needs the plugin "provider", which is not running',
      lonely: 'lonely -> nobody.thing: no plugin offers this service',
      chicken: 'uses a plugin that uses it: chicken -> egg -> chicken',
      egg: 'uses a plugin that uses it: chicken -> egg -> chicken',
    },
  })
  const one = await house.internal.get('/health/plugins/user')
  t.is(one.status, 503)
  t.deepEqual((await house.anonymous.get('/health/plugins/user')).body.problems, { user: 'blocked' })
  t.deepEqual(one.body.problems, { user: 'needs the plugin "provider", which is not running' })
  t.like(await house.anonymous.get('/health/plugins/fine'), { status: 200, body: { status: 'ok' } })
  t.is((await house.anonymous.get('/health/plugins/none')).status, 404)
})

test("a plugin's own check decides what is said of it", async t => {
  let fault: string | undefined = 'the broker is 40 s behind'
  const plugin = smallPlugin('mqtt', kit => {
    kit.healthy(async () => {
      if (fault) throw new Error(fault)
    })
  })
  await using house = await startTestKernel({ plugins: [plugin] })
  const ready = () => house.internal.get('/health/ready')
  t.like(await ready(), { status: 200, body: { status: 'degraded', problems: { mqtt: 'the broker is 40 s behind' } } })
  t.like(await house.anonymous.get('/health/plugins/mqtt'), { status: 200, body: { status: 'degraded' } })
  const others = [house.anonymous, await house.as('a')]
  for (const client of others) {
    t.deepEqual((await client.get('/health/ready', { 'x-internal-token': 'wrong' })).body.problems, {
      mqtt: 'degraded',
    })
  }
  fault = undefined
  t.deepEqual((await ready()).body, { status: 'ok' })
})

test('without a database the instance is not ready', async t => {
  await using house = await startTestKernel({ plugins: [] })
  const { database } = house.kernel.runtime
  const { ping } = database
  Object.assign(database, { ping: () => Promise.reject(new Error('connection refused')) })
  const answer = await house.anonymous.get('/health/ready')
  t.is(answer.status, 503)
  t.deepEqual(answer.body, { status: 'unavailable', problems: { database: 'does not answer' } })
  Object.assign(database, { ping })
  t.is((await house.anonymous.get('/health/ready')).status, 200)
})
