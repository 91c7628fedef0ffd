import test from 'ava'
import { startTestKernel, type TestKernel, type TestKernelOptions } from '../../../kernel/testing/test-kernel.ts'
import { until } from '../backplane/until.ts'
import { talkPlugin } from './talk-plugin.ts'

const start = (options: Partial<TestKernelOptions> = {}): Promise<TestKernel> =>
  startTestKernel({ plugins: [talkPlugin()], kernel: { socketLimits: { beatMs: 20 } }, ...options })

test('a client that does not answer pings is closed with 4408', async t => {
  await using t0 = await start({ kernel: { socketLimits: { beatMs: 50, pingMs: 300, closeMs: 200 } } })
  await using answers = await t0.socket('a', ['*'], 'talk')
  await using silent = await t0.socket('a', ['*'], 'talk')
  // Takes the answer to pings away, and nothing else.
  ;(silent.ws as unknown as { _autoPong: boolean })._autoPong = false
  t.deepEqual(await silent.closed, { code: 4408, reason: 'no_pong' })
  await answers.heard()
})

test('a plugin that stops closes its sockets with 4403', async t => {
  await using t0 = await start()
  await using socket = await t0.socket('a', ['*'], 'talk')
  await using jobs = await t0.socket('a', ['*'], 'jobs')
  await t0.kernel.catalogue.byName('talk')?.stop(1_000)
  t.deepEqual(await socket.closed, { code: 4403, reason: 'plugin_stopped' })
  await jobs.heard()
})

test('a kernel that stops closes all with 1001, and waits for what is under way', async t => {
  const seen = { opened: [], closed: [] as string[], aborted: [] as unknown[] }
  await using t0 = await start({ plugins: [talkPlugin(seen)] })
  await using socket = await t0.socket('a', ['*'], 'talk')
  await using jobs = await t0.socket('b', ['*'], 'jobs')
  socket.send('wait', {})
  await socket.heard()
  await t0.kernel.stop()
  t.deepEqual(await socket.closed, { code: 1001, reason: 'stopping' })
  t.is((await jobs.closed).code, 1001)
  t.is(seen.aborted.length, 1)
  t.is(seen.closed.length, 1)
})

test('hundreds are let go one after the other: all by a stop, and all by a feature that goes off', async t => {
  await using t0 = await start({ env: { LIMIT_SOCKETS_PER_ADDRESS: '0' } })
  const open = async (tenant: 'a' | 'b') => {
    const sockets = []
    for (let n = 0; n < 120; n++) sockets.push(await t0.socket(tenant, ['*'], 'talk'))
    return sockets
  }
  const [losing, staying] = [await open('a'), await open('b')]
  await t0.licence('a', [])
  const lost = await Promise.all(losing.map(({ closed }) => closed))
  t.true(lost.every(({ code, reason }) => code === 4403 && reason === 'feature_disabled'))
  await until(() => t0.kernel.runtime.sockets.size === 120)
  await t0.kernel.stop()
  const sent = await Promise.all(staying.map(({ closed }) => closed))
  t.true(sent.every(({ code }) => code === 1001))
})
