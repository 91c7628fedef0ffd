import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { loadConfig } from '../../config/load.ts'
import { Passwords } from '../../kernel/access/passwords.ts'
import { createKernel, type Kernel } from '../../kernel/kernel.ts'
import { createLogger } from '../../kernel/log/create-logger.ts'
import { type Answer, Client } from '../../kernel/testing/client.ts'
import { testJobTiming } from '../../kernel/testing/job-timing.ts'
import { openPlace, openPlaceAgain, testPlace } from '../../kernel/testing/test-database.ts'
import { startTestKernel, type TestKernel } from '../../kernel/testing/test-kernel.ts'
import { TestSocket } from '../../kernel/testing/test-socket.ts'
import { isUpgrade } from '../../kernel/ws/open-channel.ts'
import devices from '../../plugins/devices/plugin.ts'
import { eventually, Fleet, type TestDevice } from '../../plugins/devices/test/fleet.ts'
import sites from '../../plugins/sites/plugin.ts'
import { RedisServer, redisTest } from '../kernel/backplane/redis-server.ts'

/** Asks again, as a device does, while the other instance holds the file: two in one process cannot wait for each other. */
async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask()
    if (answer.status !== 503) return answer
    await pause(5)
  }
}

/** Acknowledges a command over a socket, as patiently. */
async function acknowledge(fleet: Fleet, device: TestDevice, socket: TestSocket, id: string): Promise<void> {
  await eventually('it is completed', async () => {
    socket.send('ack', { id, status: 'completed' })
    await pause(50)
    return (await fleet.command(device, id)).status === 'completed'
  })
}

/** Two instances on one database and one Redis. */
async function twoInstances(t: ExecutionContext) {
  const redis = await RedisServer.start()
  const folder = await mkdtemp(path.join(tmpdir(), 'monozu-devices-'))
  const place = await testPlace(t)
  const env = { DATA_DIR: folder, REDIS_URL: redis.url }
  const plugins = [sites, devices] as never
  const first = await startTestKernel({ plugins, env, kernel: { database: await openPlace(place) } })
  const fleet = new Fleet(first, await first.as('a'))
  const second = await anotherInstance(env, plugins, place, first)
  const server = createServer({ shouldUpgradeCallback: isUpgrade }, second.app.callback())
  server.on('upgrade', second.upgrade)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    server.close()
    server.closeAllConnections()
    await second.stop()
    await first[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const { port } = server.address() as AddressInfo
  const connect = (device: TestDevice): Promise<TestSocket> =>
    TestSocket.open(`ws://127.0.0.1:${port}/api/ws/edge`, { headers: device.headers })
  return { fleet, second: new Client(second.app), connect }
}

async function anotherInstance(
  env: Readonly<Record<string, string>>,
  plugins: never,
  place: string,
  { clock }: TestKernel,
): Promise<Kernel> {
  const settings = { NODE_ENV: 'test', LOG_LEVEL: 'silent', SHUTDOWN_TIMEOUT_SECONDS: '5', ...env }
  const config = loadConfig(settings)
  const kernel = await createKernel({
    config,
    env: settings,
    logging: createLogger(config),
    version: '0.0.0-test',
    database: await openPlaceAgain(place),
    now: clock.now,
    passwords: new Passwords({ cost: 4 }),
    jobTiming: testJobTiming,
    plugins,
  })
  await kernel.start()
  return kernel
}

redisTest(test)('a command reaches its device on whichever instance that is, and a revoke closes it there', async t => {
  const { fleet, second, connect } = await twoInstances(t)
  const device = await fleet.device()
  await using socket = await connect(device)
  socket.send('hello', { version: '1.0.0' })
  await socket.next('config')
  t.is((await fleet.shown(device)).status, 'connected')

  const { id } = await fleet.send(device)
  t.like((await socket.next('command')).data, { id, attempt: 1 })
  await acknowledge(fleet, device, socket, id)

  const poll = second.get('/commands?wait=30', device.headers)
  await socket[Symbol.asyncDispose]()
  await eventually('the socket is gone', async () => {
    const [row] = await fleet.kernel.kernel.runtime.database.knex('devices').where({ id: device.id })
    return row.socket_id === null
  })
  const next = await fleet.send(device)
  t.is((await poll).body[0].id, next.id, 'a poll there ends')

  await using again = await connect(device)
  t.is((await fleet.user.delete(`/devices/${device.id}`)).status, 204)
  t.is((await again.closed).code, 4401)
  t.is((await second.get('/commands', device.headers)).body.error, 'device_revoked')
})

redisTest(test)('a device that comes back on another instance leaves the first one', async t => {
  const { fleet, connect } = await twoInstances(t)
  const device = await fleet.device()
  await using older = await device.connect()
  const { id } = await fleet.send(device)
  t.is((await older.next('command')).data.id, id)
  await using newer = await connect(device)
  t.like((await newer.next('command')).data, { id, attempt: 2 })
  t.is((await older.closed).code, 4409)
  await acknowledge(fleet, device, newer, id)
  const next = await fleet.send(device)
  t.is((await newer.next('command')).data.id, next.id)
})

redisTest(test)('of two instances that race to hand a command out, one does', async t => {
  const { fleet, second } = await twoInstances(t)
  const device = await fleet.device()
  for (let round = 0; round < 5; round++) {
    const { id } = await fleet.send(device)
    const polls = Array.from({ length: 6 }, (_, n) =>
      patiently(() => (n % 2 === 0 ? device.poll() : second.get('/commands', device.headers))),
    )
    const handed = (await Promise.all(polls)).flatMap(({ body }) => body.map((due: { id: string }) => due.id))
    t.deepEqual(handed, [id])
    const acks = [
      patiently(() => device.ack(id, 'completed')),
      patiently(() => second.post(`/commands/${id}/ack`, { status: 'failed' }, device.headers)),
    ]
    const [one, two] = (await Promise.all(acks)).map(({ body }) => body.status)
    t.is(one, two, 'both are told what is stored')
    t.is((await fleet.command(device, id)).attempts, 1)
  }
})
