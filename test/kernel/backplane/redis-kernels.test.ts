import test, { type ExecutionContext } from 'ava'
import type { Role } from '../../../config/role.ts'
import type { AnyPlugin } from '../../../kernel/contract.ts'
import { openPlace, openPlaceAgain, testPlace } from '../../../kernel/testing/test-database.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { TestSocket } from '../../../kernel/testing/test-socket.ts'
import errands, { messenger } from '../../faults/role-plugins/errands/plugin.ts'
import { bellPlugin } from './bell-plugin.ts'
import { hallPlugin, type Seen } from './hall-plugin.ts'
import { freePort, RedisServer, redisTest } from './redis-server.ts'
import { until } from './until.ts'

const withRedis = redisTest(test)
const LONG = 60_000

interface Pair extends AsyncDisposable {
  readonly one: TestKernel
  readonly two: TestKernel
  /** What the plugin of both has seen. */
  readonly seen: Seen
}

/** Two instances on one database and one Redis, as behind a balancer. */
async function startPair(t: ExecutionContext, redisUrl: string, waiting?: (topic: string) => void): Promise<Pair> {
  const place = await testPlace(t)
  const seen: Seen = { opened: [], closed: [] }
  const options = (database: Awaited<ReturnType<typeof openPlace>>) => ({
    plugins: [hallPlugin(seen), bellPlugin('bell', waiting)],
    env: { REDIS_URL: redisUrl },
    kernel: { database, redisTiming: { firstRetryMs: 10, lastRetryMs: 50, settleMs: 1_000 } },
  })
  const one = await startTestKernel(options(await openPlace(place)))
  const two = await startTestKernel({ ...options(await openPlaceAgain(place)), beside: one })
  return {
    one,
    two,
    seen,
    async [Symbol.asyncDispose]() {
      await two[Symbol.asyncDispose]()
      await one[Symbol.asyncDispose]()
    },
  }
}

const reached = ({ one, two }: Pair): Promise<void> =>
  until(() => [one, two].every(({ kernel }) => kernel.runtime.backplane.fault === undefined))

const gone = ({ one, two }: Pair): Promise<void> =>
  until(() => [one, two].every(({ kernel }) => kernel.runtime.backplane.fault !== undefined))

const sit = async (at: TestKernel, guest: string): Promise<TestSocket> =>
  TestSocket.open(`${await at.socketUrl()}/api/ws/seat`, { headers: { 'x-hall-key': `${guest}@${at.tenantId('a')}` } })

withRedis('what one instance publishes reaches sockets of the other, once, and only those of the tenant', async t => {
  await using redis = await RedisServer.start()
  await using pair = await startPair(t, redis.url)
  await reached(pair)
  const { one, two } = pair
  await using here = await one.socket('a', [], 'hall')
  await using there = await two.socket('a', [], 'hall')
  await using stranger = await two.socket('b', [], 'hall')
  const user = await one.as('a')
  for (let n = 0; n < 20; n++) await user.post(`/hall/say/${n}`)
  for (const socket of [here, there]) {
    for (let n = 0; n < 20; n++) t.deepEqual((await socket.next('said')).data, { n })
    await socket.heard()
    t.is(socket.waiting.length, 0)
  }
  await stranger.heard()
  t.is(stranger.waiting.length, 0)
})

withRedis('a guest has one socket on all instances: the newest', async t => {
  await using redis = await RedisServer.start()
  await using pair = await startPair(t, redis.url)
  await reached(pair)
  const { one, two, seen } = pair
  await using first = await sit(one, 'x')
  await using other = await sit(two, 'y')
  const { id: firstId } = (await first.next('id')).data
  await using second = await sit(two, 'x')
  t.deepEqual(await first.closed, { code: 4409, reason: 'replaced' })
  const { id: secondId } = (await second.next('id')).data
  t.true(secondId > firstId)
  await until(() => seen.closed.includes(firstId))
  await using third = await sit(one, 'x')
  t.is((await second.closed).code, 4409)
  await Promise.all([third.heard(), other.heard()])
})

withRedis('of sockets that a guest opens on both instances at the same moment one is left', async t => {
  await using redis = await RedisServer.start()
  await using pair = await startPair(t, redis.url)
  await reached(pair)
  const { one, two } = pair
  for (let round = 0; round < 5; round++) {
    const sockets = await Promise.all([sit(one, 'x'), sit(two, 'x'), sit(one, 'x'), sit(two, 'x')])
    const open = () => sockets.filter(({ ws }) => ws.readyState === ws.OPEN)
    await until(() => open().length === 1)
    await open()[0]?.heard()
    for (const socket of sockets) await socket[Symbol.asyncDispose]()
  }
  t.pass()
})

withRedis('a guest who is thrown out on one instance loses the socket on the other', async t => {
  await using redis = await RedisServer.start()
  await using pair = await startPair(t, redis.url)
  await reached(pair)
  await using guest = await sit(pair.two, 'x')
  await using other = await sit(pair.two, 'y')
  await (await pair.one.as('a')).delete('/seat/x')
  t.is((await guest.closed).code, 4401)
  await other.heard()
})

withRedis('a long poll on one instance is woken by the other', async t => {
  await using redis = await RedisServer.start()
  const waits = Promise.withResolvers<string>()
  await using pair = await startPair(t, redis.url, waits.resolve)
  await reached(pair)
  const answer = (await pair.two.as('a')).get(`/bell/orders?wait_ms=${LONG}`)
  await waits.promise
  await (await pair.one.as('a')).post('/bell/orders', {})
  t.deepEqual((await answer).body, { heard: true })
})

withRedis('Redis killed and started again: sockets stay, and what was said meanwhile arrives', async t => {
  await using redis = await RedisServer.start()
  await using pair = await startPair(t, redis.url)
  await reached(pair)
  const { one, two } = pair
  await using here = await one.socket('a', [], 'hall')
  await using there = await two.socket('a', [], 'hall')
  const user = await one.as('a')
  await redis.kill()
  await gone(pair)
  for (let n = 0; n < 5; n++) t.is((await user.post(`/hall/say/${n}`)).status, 204)
  for (let n = 0; n < 5; n++) t.is((await here.next('said')).data.n, n)
  const health = await one.internal.get('/health/ready')
  t.is(health.status, 200)
  t.is(health.body.status, 'degraded')
  t.regex(health.body.problems.backplane, /^Redis is out of reach: /)
  t.deepEqual((await one.anonymous.get('/health/ready')).body.problems, { backplane: 'does not answer' })
  await there.heard()
  await redis.start()
  for (let n = 0; n < 5; n++) t.is((await there.next('said')).data.n, n)
  t.is((await one.anonymous.get('/health/ready')).body.status, 'ok')
})

withRedis('an instance starts, serves and stops without its Redis', async t => {
  const port = await freePort()
  await using pair = await startPair(t, `redis://:a-secret-of-ours@127.0.0.1:${port}`)
  const { one } = pair
  await using here = await one.socket('a', [], 'hall')
  await (await one.as('a')).post('/hall/say/7')
  t.deepEqual((await here.next('said')).data, { n: 7 })
  const { body } = await one.internal.get('/health/ready')
  t.is(body.status, 'degraded')
  t.notRegex(JSON.stringify(body), /a-secret-of-ours/)
  t.is((await one.kernel.runtime.backplane.counts)?.sent, 0)
})

withRedis('a process that does not work tells one that does, which then does it', async t => {
  await using redis = await RedisServer.start()
  const place = await testPlace(t)
  const options = (role: Role, database: Awaited<ReturnType<typeof openPlace>>) => ({
    plugins: [errands as unknown as AnyPlugin],
    env: { REDIS_URL: redis.url, ERRANDS_BY: role },
    kernel: { database, roles: [role], redisTiming: { firstRetryMs: 10, lastRetryMs: 50, settleMs: 1_000 } },
  })
  await using api = await startTestKernel(options('api', await openPlace(place)))
  await using worker = await startTestKernel({ ...options('worker', await openPlaceAgain(place)), beside: api })
  await until(() => [api, worker].every(({ kernel }) => kernel.runtime.backplane.fault === undefined))
  const before = worker.kernel.runtime.backplane.counts?.heard ?? 0
  const sent = await api.guest(messenger, `errand@${api.tenantId('a')}`).post('/v1/errands', { name: 'bread' })
  t.is(sent.status, 202)
  await until(() => (worker.kernel.runtime.backplane.counts?.heard ?? 0) >= before + 2)
  const user = await api.as('a')
  await until(async () => (await user.get('/errands')).body.length === 2)
  t.deepEqual((await user.get('/errands')).body, ['bread: event by worker', 'bread: job by worker'])
})
