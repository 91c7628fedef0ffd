import test from 'ava'
import { z } from 'zod'
import { serviceRef } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { refusal } from '../http/echo.ts'
import { capturedLog } from '../testing/captured-log.ts'
import { type AnyKit, hold, smallPlugin } from './small-plugin.ts'

const done = { summary: 's', permission: 'signed-in', handle: () => undefined } as const

test('a plugin whose setup takes too long fails, and the others run', async t => {
  const slow = smallPlugin('slow', () => new Promise<void>(() => undefined))
  const fine = smallPlugin('fine', kit => kit.route('GET /fine', done))
  await using house = await startTestKernel({ plugins: [slow, fine], kernel: { setupTimeoutMs: 20 } })
  const { catalogue } = house.kernel
  t.is(catalogue.byName('slow')?.state, 'failed')
  t.is(catalogue.byName('slow')?.error?.message, 'plugin "slow" did not finish setup() within 0.02 s')
  t.is((await (await house.as('a')).get('/fine')).status, 204)
})

test('what a failed setup had opened is closed, the last first, and nothing of it stays registered', async t => {
  const closed: string[] = []
  const failing = smallPlugin(
    'failing',
    kit => {
      kit.own.defer(() => void closed.push('first'))
      kit.own.defer(() => void closed.push('second'))
      kit.route('GET /failing', done)
      kit.job('tidy', { scope: 'platform', data: z.object({}), run: async () => undefined })
      throw new Error('no connection to the broker')
    },
    { segments: ['failing', 'internal/failing'] },
  )
  await using house = await startTestKernel({ plugins: [failing] })
  t.deepEqual(closed.slice(0, 2), ['second', 'first'])
  const answer = await (await house.as('a')).get('/failing')
  t.is(answer.status, 503)
  t.is(answer.body.error, 'plugin_unavailable')
  t.is(answer.body.detail, 'The plugin "failing" is failed.')
  t.is(answer.headers['retry-after'], '5')
  t.is(refusal(await house.internal.post('/internal/failing')), '503 plugin_unavailable')
  await t.throwsAsync(house.job('failing', 'tidy', {}), { message: /has no job "tidy"/ })
})

test('a plugin that failed is tried again, and then those that wait for it start', async t => {
  class Thing {}
  const thing = serviceRef<Thing>('flaky.thing')
  let [attempts, reachable] = [0, false]
  const flaky = smallPlugin(
    'flaky',
    kit => {
      attempts += 1
      if (!reachable) throw new Error('not yet')
      kit.route('GET /flaky', done)
    },
    { offers: { thing }, services: { thing: Thing } },
  )
  const waiting = smallPlugin('waiting', () => undefined, { uses: { thing } })
  await using house = await startTestKernel({ plugins: [waiting, flaky], kernel: { pluginRetryMs: [20] } })
  const { catalogue } = house.kernel
  t.deepEqual([catalogue.byName('flaky')?.state, catalogue.byName('waiting')?.state], ['failed', 'blocked'])
  reachable = true
  const before = attempts
  while (catalogue.byName('waiting')?.state !== 'running') await new Promise(setImmediate)
  t.true(attempts > before)
  t.is(catalogue.byName('flaky')?.state, 'running')
  t.is(catalogue.byName('flaky')?.error, undefined)
  t.is((await (await house.as('a')).get('/flaky')).status, 204)
})

test('a plugin that failed is not tried again at every change of a licence', async t => {
  let attempts = 0
  const failing = smallPlugin(
    'failing',
    () => {
      attempts += 1
      throw new Error('no broker')
    },
    { feature: 'failing' },
  )
  const other = smallPlugin('other', () => undefined, { feature: 'other' })
  await using house = await startTestKernel({ plugins: [failing, other] })
  const { catalogue } = house.kernel
  t.is(attempts, 1)
  for (const features of [['failing'], ['failing', 'other'], ['failing']]) await house.licence('a', features)
  t.is(attempts, 1)
  t.is(catalogue.byName('failing')?.state, 'failed')
  await house.licence('a', [])
  await house.licence('b', [])
  t.is(catalogue.byName('failing')?.state, 'stopped')
  await house.licence('b', ['failing'])
  t.is(attempts, 2, 'given again, it gets a new chance')
})

test('a plugin that hangs in its setup holds up those that use it, and nobody else', async t => {
  class Thing {}
  const thing = serviceRef<Thing>('hanging.thing')
  const hung = hold()
  const hanging = smallPlugin('hanging', () => hung.wait(), {
    feature: 'hanging',
    offers: { thing },
    services: { thing: Thing },
  })
  const user = smallPlugin('user', () => undefined, { feature: 'hanging', uses: { thing } })
  const other = smallPlugin('other', kit => kit.route('GET /other', done), { feature: 'other' })
  await using house = await startTestKernel({ plugins: [user, hanging, other], features: [] })
  const { catalogue } = house.kernel
  const state = (name: string) => catalogue.byName(name)?.state
  const first = house.licence('a', ['hanging'])
  await hung.entered
  const second = house.licence('b', ['other'])
  while (state('other') !== 'running') await new Promise(setImmediate)
  t.is((await (await house.as('b')).get('/other')).status, 204)
  t.deepEqual([state('hanging'), state('user')], ['starting', 'waiting'])
  const third = house.licence('b', [])
  while (state('other') !== 'stopped') await new Promise(setImmediate)
  t.is(state('hanging'), 'starting')
  hung.release()
  await Promise.all([first, second, third])
  t.deepEqual([state('hanging'), state('user'), state('other')], ['running', 'running', 'stopped'])
})

test('a kernel that stops does not wait for a setup that hangs', async t => {
  const hung = hold()
  const closed: string[] = []
  const hanging = smallPlugin(
    'hanging',
    async kit => {
      kit.own.defer(() => void closed.push('closed'))
      await hung.wait()
    },
    { feature: 'hanging' },
  )
  const house = await startTestKernel({ plugins: [hanging], features: [], env: { SHUTDOWN_TIMEOUT_SECONDS: '1' } })
  const on = house.licence('a', ['hanging'])
  await hung.entered
  const host = house.kernel.catalogue.byName('hanging')
  await house[Symbol.asyncDispose]()
  t.is(host?.state, 'stopped')
  hung.release()
  await on
  t.is(host?.state, 'stopped', 'what comes too late is not opened')
  t.deepEqual(closed, ['closed'])
})

test('each step of a plugin is one line of the log', async t => {
  const log = capturedLog()
  const house = await startTestKernel({
    plugins: [smallPlugin('one', () => undefined)],
    kernel: { logging: log.logging },
  })
  await house[Symbol.asyncDispose]()
  const steps = log.records().filter(({ plugin, to }) => plugin === 'one' && to !== undefined)
  t.deepEqual(
    steps.map(({ from, to }) => `${from} -> ${to}`),
    [
      'checked -> migrating',
      'migrating -> starting',
      'starting -> running',
      'running -> draining',
      'draining -> stopped',
    ],
  )
})

test('settings of a plugin are checked before it starts, and reach it', async t => {
  const config = z.object({ SMALL_PORT: z.coerce.number().int() })
  let seen: unknown
  const plugin = smallPlugin('small', (kit: AnyKit) => void (seen = kit.config), { config })
  await using _ = await startTestKernel({ plugins: [plugin], env: { SMALL_PORT: '1883' } })
  t.deepEqual(seen, { SMALL_PORT: 1883 })
  await t.throwsAsync(startTestKernel({ plugins: [plugin], env: { SMALL_PORT: 'many' } }), { message: /SMALL_PORT/ })
})
