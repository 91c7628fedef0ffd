import test from 'ava'
import { z } from 'zod'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { refusal } from '../http/echo.ts'
import { hold, smallPlugin } from './small-plugin.ts'

/** A plugin of the feature `turbo` that notes when it is set up and closed. */
function turbo() {
  const life: string[] = []
  const slow = hold()
  const plugin = smallPlugin(
    'turbo',
    kit => {
      life.push('set up')
      kit.own.defer(() => void life.push('closed'))
      kit.route('GET /turbo', { summary: 's', permission: 'signed-in', handle: () => undefined })
      kit.route('GET /turbo/slow', {
        summary: 's',
        permission: 'signed-in',
        returns: z.object({ done: z.boolean() }),
        async handle() {
          await slow.wait()
          life.push('answered')
          return { done: true }
        },
      })
    },
    { feature: 'turbo', permissions: { 'turbo:read': 'x' } },
  )
  return { plugin, life, slow }
}

test('a feature is off for one tenant while the other keeps it', async t => {
  const { plugin, life } = turbo()
  await using house = await startTestKernel({ plugins: [plugin] })
  const [a, b] = [await house.as('a'), await house.as('b')]
  await house.licence('a', [])
  t.is(refusal(await a.get('/turbo')), '403 feature_disabled')
  t.is(refusal(await b.get('/turbo')), '204')
  await house.licence('a', ['turbo'])
  t.is(refusal(await a.get('/turbo')), '204')
  t.deepEqual(life, ['set up'])
})

test('the last tenant that loses a feature stops its plugin, the first that gets it starts it', async t => {
  const { plugin, life } = turbo()
  await using house = await startTestKernel({ plugins: [plugin] })
  const { catalogue } = house.kernel
  const a = await house.as('a')
  await house.licence('a', [])
  await house.licence('b', [])
  t.is(catalogue.byName('turbo')?.state, 'stopped')
  t.deepEqual(life, ['set up', 'closed'])
  t.is(refusal(await a.get('/turbo')), '403 feature_disabled')
  t.is(refusal(await house.anonymous.get('/turbo')), '401 unauthenticated')
  t.false('/api/v1/turbo' in (await a.get('/openapi.json')).body.paths)
  t.deepEqual((await a.get('/health/ready')).body, { status: 'ok' })
  await house.licence('b', ['turbo'])
  t.is(catalogue.byName('turbo')?.state, 'running')
  t.deepEqual(life, ['set up', 'closed', 'set up'])
  t.is(refusal(await a.get('/turbo')), '403 feature_disabled')
  t.is(refusal(await (await house.as('b')).get('/turbo')), '204')
  t.true('/api/v1/turbo' in (await a.get('/openapi.json')).body.paths)
})

test('a plugin that no tenant has is checked and not set up', async t => {
  const { plugin, life } = turbo()
  const house = await startTestKernel({ plugins: [plugin] })
  await house.licence('a', [])
  await house.licence('b', [])
  t.deepEqual(life, ['set up', 'closed'])
  t.deepEqual(
    house.kernel.catalogue.summary().find(({ name }) => name === 'turbo'),
    { name: 'turbo', version: '1.0.0', title: 'turbo', feature: 'turbo', state: 'stopped' },
  )
  await house[Symbol.asyncDispose]()
})

test('a request under way when its plugin stops gets its answer, and only then the plugin closes', async t => {
  const { plugin, life, slow } = turbo()
  await using house = await startTestKernel({ plugins: [plugin] })
  const a = await house.as('a')
  await house.licence('b', [])
  const underWay = a.get('/turbo/slow')
  await slow.entered
  const off = house.licence('a', [])
  while (house.kernel.catalogue.byName('turbo')?.state === 'running') await new Promise(setImmediate)
  t.is(refusal(await a.get('/turbo')), '403 feature_disabled')
  t.deepEqual(life, ['set up'])
  slow.release()
  t.is((await underWay).body.done, true)
  await off
  t.deepEqual(life, ['set up', 'answered', 'closed'])
})

test('switching on and off at once leaves the plugin as the licences say', async t => {
  const { plugin } = turbo()
  await using house = await startTestKernel({ plugins: [plugin] })
  const { catalogue } = house.kernel
  for (const features of [[], ['turbo'], [], ['turbo'], []]) {
    await Promise.all([house.licence('a', features), house.licence('b', features)])
    t.is(catalogue.byName('turbo')?.state, features.length > 0 ? 'running' : 'stopped')
  }
})

test('a failed plugin that nobody has any more is not a fault any more', async t => {
  const failing = smallPlugin(
    'turbo',
    () => {
      throw new Error('no broker')
    },
    { feature: 'turbo' },
  )
  await using house = await startTestKernel({ plugins: [failing] })
  t.deepEqual((await house.internal.get('/health/ready')).body, {
    status: 'degraded',
    problems: { turbo: 'no broker' },
  })
  await house.licence('a', [])
  await house.licence('b', [])
  t.deepEqual((await house.anonymous.get('/health/ready')).body, { status: 'ok' })
})

test('a provider runs as long as a plugin that runs uses it', async t => {
  const { serviceRef } = await import('../../../kernel/contract.ts')
  class Fuel {}
  const fuel = serviceRef<Fuel>('fuel.tank')
  const provider = smallPlugin('fuel', () => undefined, {
    feature: 'fuel',
    offers: { fuel },
    services: { fuel: Fuel },
  })
  const user = smallPlugin('engine', () => undefined, { feature: 'engine', uses: { fuel } })
  await using house = await startTestKernel({ plugins: [user, provider] })
  const state = (name: string) => house.kernel.catalogue.byName(name)?.state
  await house.licence('a', ['engine'])
  await house.licence('b', [])
  t.deepEqual([state('engine'), state('fuel')], ['running', 'running'])
  await house.licence('a', [])
  t.deepEqual([state('engine'), state('fuel')], ['stopped', 'stopped'])
})
