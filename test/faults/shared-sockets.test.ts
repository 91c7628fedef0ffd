import path from 'node:path'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { TestSocket } from '../../kernel/testing/test-socket.ts'
import { RedisServer, redisIsThere } from '../kernel/backplane/redis-server.ts'
import { onSqlServer } from './databases.ts'
import { eventually, type ServerProcess, startServer } from './server.ts'
import { newTenant } from './tenant.ts'

const PLUGIN_DIRS = path.join(import.meta.dirname, 'plugins')

type Settings = Readonly<Record<string, string>>

/** A user who is known to two instances that share a Redis. */
interface Scene {
  readonly instances: readonly [ServerProcess, ServerProcess]
  say(at: ServerProcess, n: number): Promise<number>
  listen(at: ServerProcess): Promise<TestSocket>
}

async function begin(t: ExecutionContext, env: Settings, redis: RedisServer): Promise<Scene> {
  const settings = { ...env, PLUGIN_DIRS, REDIS_URL: redis.url }
  const instances = await Promise.all([startServer(t, { env: settings }), startServer(t, { env: settings })])
  const { client } = await newTenant(instances[0].url)
  await eventually('both to reach Redis', async () => {
    const answers = await Promise.all(instances.map(instance => instance.ready()))
    return answers.every(answer => answer?.body.status === 'ok')
  })
  return {
    instances,
    say: async ({ url }, n) => (await client.at(url).post('/megaphone', { n })).status,
    listen: ({ url }) =>
      TestSocket.open(`${url.replace('http', 'ws')}/api/ws/megaphone`, { headers: { ...client.headers } }),
  }
}

const whenRedis = redisIsThere
  ? onSqlServer
  : (title: string): void => test.skip(`${title} (no redis-server on the PATH)`, t => t.pass())

whenRedis('what one process publishes reaches sockets of the other, also when Redis was gone', async (t, { env }) => {
  await using redis = await RedisServer.start()
  const { instances, say, listen } = await begin(t, env, redis)
  const [here, there] = instances
  await using near = await listen(here)
  await using far = await listen(there)
  for (let n = 0; n < 10; n++) t.is(await say(here, n), 204)
  for (const socket of [near, far]) for (let n = 0; n < 10; n++) t.deepEqual((await socket.next('said')).data, { n })
  await redis.kill()
  await eventually('Redis to be missed', async () => (await here.ready())?.body.status === 'degraded')
  for (let n = 10; n < 20; n++) t.is(await say(here, n), 204)
  await redis.start()
  for (const socket of [near, far]) for (let n = 10; n < 20; n++) t.deepEqual((await socket.next('said')).data, { n })
  t.deepEqual(await here.end(), { code: 0, signal: null })
})

whenRedis('a process is killed with its sockets, and the other goes on', async (t, { env }) => {
  await using redis = await RedisServer.start()
  const { instances, say, listen } = await begin(t, env, redis)
  const [lost, left] = instances
  await using torn = await listen(lost)
  await using stays = await listen(left)
  await lost.end('SIGKILL')
  t.is((await torn.closed).code, 1006)
  await using back = await listen(left)
  t.is(await say(left, 1), 204)
  for (const socket of [stays, back]) t.deepEqual((await socket.next('said')).data, { n: 1 })
})
