import test from 'ava'
import { CallCore } from '../../../kernel/call.ts'
import type { Notice } from '../../../kernel/contract.ts'
import { PluginFault } from '../../../kernel/plugins/registrations.ts'
import { NoticeHouse } from './notice-house.ts'

test('a plugin that tells wrongly is told so in one line, and nothing is queued', async t => {
  await using house = await NoticeHouse.open()
  const { kernel } = house.kernel
  const told = async (more: object) => {
    const core = new CallCore(kernel.runtime, { actor: { kind: 'service', id: 'test' } })
    const notice = { kind: 'news', title: 'Hear', to: { users: [] }, ...more } as Notice
    const host = kernel.catalogue.byName('crier')
    const fault = await t.throwsAsync(async () => host?.notify(core, house.kernel.tenantId('a'), notice), {
      instanceOf: PluginFault,
    })
    return fault?.message
  }
  t.is(await told({ kind: 'unheard' }), 'plugin "crier": its "notices" do not name "unheard"')
  t.is(await told({ kind: 'constructor' }), 'plugin "crier": its "notices" do not name "constructor"')
  t.is(
    await told({ path: '//evil.example' }),
    'plugin "crier": its notice "news" cannot be told: path: must be a path of the web application, such as "/incidents/0198…"',
  )
  t.regex((await told({ title: 'x'.repeat(301) })) ?? '', /cannot be told: title: .*300/)
  t.is(
    await told({ to: { permission: 'crier:sing' } }),
    'plugin "crier": its notice "news" is for holders of "crier:sing", which no descriptor declares',
  )
  t.deepEqual(await house.kernel.notices('a'), [])
})
