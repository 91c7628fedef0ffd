import test from 'ava'
import { Instances } from '../../../kernel/admin/instances.ts'
import { definePlugin } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { emptyDatabase } from '../jobs/job-database.ts'
import { quiet, TestClock } from '../tenancy/tenancy-house.ts'
import { logIn, panel, platformLines } from './operators.ts'

const plugin = (name: string, setup: () => void, feature?: string) =>
  definePlugin({
    name,
    version: '1.2.3',
    title: name,
    segments: [name],
    ...(feature ? { feature } : {}),
    setup,
  }) as never

test('an operator sees this process and the state of its plugins', async t => {
  const plugins = [
    plugin('pumps', () => undefined, 'vpn'),
    plugin('broken', () => {
      throw new Error('no water')
    }),
    plugin('unsold', () => undefined, 'backup'),
  ]
  await using kernel = await startTestKernel({ plugins, features: ['vpn'], env: panel })
  const { client } = await logIn(kernel)
  const { body } = await client.get('/admin/instances')
  t.is(body.items.length, 1)
  const [instance] = body.items
  t.like(instance, { roles: ['api', 'ingest', 'worker'], state: 'running', version: '0.0.0-test' })
  t.like(instance.plugins, { failed: 1, waiting: 1 })
  const { items } = (await client.get('/admin/plugins')).body
  const byName = new Map(items.map((item: { name: string }) => [item.name, item]))
  const at = { id: instance.id, host: instance.host, version: '1.2.3' }
  t.like(byName.get('pumps'), { feature: 'vpn', tenants: 2, instances: [{ ...at, state: 'running', reason: null }] })
  t.like(byName.get('broken'), {
    feature: null,
    tenants: 2,
    instances: [{ ...at, state: 'failed', reason: 'no water' }],
  })
  t.like(byName.get('unsold'), { feature: 'backup', tenants: 0, instances: [{ ...at, state: 'waiting' }] })
  t.deepEqual(
    (await platformLines(kernel)).map(({ action }) => action),
    ['admin.instances.viewed', 'admin.plugins.viewed'],
  )
})

test('who stops leaves the list, who falls silent is gone after a minute and forgotten after a day', async t => {
  const database = await emptyDatabase(t)
  const clock = new TestClock()
  const process = (name: string): Instances =>
    new Instances({
      database,
      log: quiet,
      now: clock.now,
      version: '1.0.0',
      roles: ['api', 'worker'],
      plugins: () => [{ name, version: '1.0.0', title: name, feature: null, state: 'running' }],
    })
  const [one, two, silent] = [process('one'), process('two'), process('silent')]
  for (const instance of [one, two, silent]) await instance.start()
  t.teardown(() => Promise.all([one.stop(), silent.stop()]))
  await two.stop()
  t.deepEqual(new Set((await one.list()).map(({ id }) => id)), new Set([one.id, silent.id]))
  clock.forward(60_001)
  await one.report()
  const [first, second] = await one.list()
  t.like(first, { id: one.id, state: 'running', roles: ['api', 'worker'] })
  t.is(first?.plugins[0]?.name, 'one')
  t.like(second, { id: silent.id, state: 'gone' })
  clock.forward(25 * 3_600_000)
  await one.report()
  t.deepEqual(
    (await one.list()).map(({ id }) => id),
    [one.id],
  )
})
