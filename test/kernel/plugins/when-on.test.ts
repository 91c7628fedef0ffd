import { setTimeout } from 'node:timers/promises'
import test from 'ava'
import { z } from 'zod'
import { CallCore } from '../../../kernel/call.ts'
import { type AnyPlugin, definePlugin } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'

/** A plugin of the feature `backup` that notes for which tenants it has begun. */
function noting(begun: string[], setUp: () => void = () => undefined): AnyPlugin {
  return definePlugin({
    name: 'backup',
    version: '1.0.0',
    title: 'Backup',
    feature: 'backup',
    segments: ['backups'],
    setup(kit) {
      setUp()
      kit.job('begin', {
        scope: 'tenant',
        data: z.strictObject({}),
        whenOn: true,
        run: async (_data, { call }) => void begun.push(call.tenant.id),
      })
      kit.job('other', { scope: 'tenant', data: z.strictObject({}), run: async () => void begun.push('never') })
    },
  }) as unknown as AnyPlugin
}

test('a job runs when the feature goes on for a tenant, and only then', async t => {
  const begun: string[] = []
  await using house = await startTestKernel({ plugins: [noting(begun)] })
  await house.settled()
  const both = [house.tenantId('a'), house.tenantId('b')]
  t.deepEqual(begun.toSorted(), both.toSorted(), 'the first tenant started the plugin, the second found it running')
  await house.licence('a', ['backup', 'vpn'])
  await house.licence('b', [])
  await house.settled()
  t.is(begun.length, 2)
  await house.licence('b', ['backup'])
  await house.settled()
  t.is(begun.length, 3)
  t.is(begun[2], house.tenantId('b'))
})

test('a plugin that nobody had is started for it, each time anew', async t => {
  const begun: string[] = []
  await using house = await startTestKernel({ plugins: [noting(begun)] })
  await house.licence('a', [])
  await house.licence('b', [])
  await house.settled()
  t.is(house.kernel.catalogue.byName('backup')?.state, 'stopped')
  begun.length = 0
  await house.licence('a', ['backup'])
  await house.settled()
  t.deepEqual(begun, [house.tenantId('a')])
})

test('where a plugin does not start, it is tried again until it does', async t => {
  let broken = true
  const begun: string[] = []
  const plugin = noting(begun, () => {
    if (broken) throw new Error('no broker')
  })
  await using house = await startTestKernel({ plugins: [plugin], kernel: { pluginRetryMs: [1] } })
  const { runtime, catalogue } = house.kernel
  const failed = () => runtime.database.knex('job_runs').whereNotNull('error').select('error', 'status')
  while ((await failed()).length === 0) await setTimeout(10)
  t.like((await failed())[0], { error: 'the plugin "backup" is failed', status: 'queued' })
  broken = false
  while (catalogue.byName('backup')?.state !== 'running') await setTimeout(10)
  const core = new CallCore(runtime, { actor: { kind: 'service', id: 'test' } })
  await catalogue.byName('backup')?.begin(core, house.tenantId('a'))
  while (!begun.includes(house.tenantId('a'))) await setTimeout(10)
})
