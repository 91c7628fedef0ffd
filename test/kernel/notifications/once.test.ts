import test from 'ava'
import { CallCore } from '../../../kernel/call.ts'
import type { Call } from '../../../kernel/contract.ts'
import { newId } from '../../../kernel/data/id.ts'
import { deliver } from '../../../kernel/notifications/deliver.ts'
import { NoticeHouse } from './notice-house.ts'

test('a notice of the same key is not told again while it is unread', async t => {
  await using house = await NoticeHouse.open()
  const [ann, bob] = [await house.user('a', ['crier:read']), await house.user('a', ['crier:read'])]
  const to = { permission: 'crier:read' } as const
  await house.tell({ to, title: 'First', unique: 'x' })
  await house.tell({ to, title: 'Again', unique: 'x' })
  await house.tell({ to, title: 'Another key', unique: 'X' })
  await house.tell({ to, title: 'Another kind', unique: 'x', kind: 'gossip' })
  t.deepEqual((await house.heard(ann)).sort(), ['Another key', 'Another kind', 'First'])
  await ann.client.post('/notifications/read', { all: true })
  await house.tell({ to, title: 'Once more', unique: 'x' })
  t.true((await house.heard(ann)).includes('Once more'))
  t.false((await house.heard(bob)).includes('Once more'))
})

test('a job that runs again tells nobody twice, read or not', async t => {
  await using house = await NoticeHouse.open()
  const [ann, bob] = [await house.user(), await house.user()]
  await house.verified(ann, bob)
  await house.tell({ to: { users: [ann.id, bob.id] } })
  await ann.client.post('/notifications/read', { all: true })
  const { knex } = house.kernel.kernel.runtime.database
  const data = JSON.parse((await knex('job_runs').where({ name: 'deliver' }).first('data')).data)
  const again = await house.kernel.job('notifications', 'deliver', data, 'a')
  t.deepEqual(again.result, { told: 0, mailed: 0 })
  t.is((await house.heard(ann)).length + (await house.heard(bob)).length, 2)
  t.is((await house.mails()).length, 2)
})

test('what half a run has done, the next one goes on from', async t => {
  await using house = await NoticeHouse.open()
  const ids = await house.crowd(150, ['crier:read'])
  await house.tell({ to: { permission: 'crier:read' } })
  const { knex } = house.kernel.kernel.runtime.database
  const run = await knex('job_runs').where({ name: 'deliver' }).first('data')
  await knex('notifications').whereIn('user_id', ids.slice(40, 60)).delete()
  const again = await house.kernel.job('notifications', 'deliver', JSON.parse(run.data), 'a')
  t.deepEqual(again.result, { told: 20, mailed: 0 })
  t.is((await knex('notifications').whereIn('user_id', ids)).length, 150)
})

test('what is told at once under one key is told once', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  const notices = Array.from({ length: 20 }, (_, n) => ({ to: { users: [ann.id] }, title: `No ${n}`, unique: 'same' }))
  for (const answer of await Promise.all(notices.map(notice => house.post(notice)))) t.is(answer.status, 204)
  await house.kernel.settled()
  t.is((await house.heard(ann)).length, 1)
})

test('two processes that hand out notices of one key at once tell it once', async t => {
  await using house = await NoticeHouse.open()
  const ids = await house.crowd(120, ['crier:read'], { email_verified_at: house.kernel.clock.now().toISOString() })
  const { kernel } = house.kernel
  const kind = { kind: 'crier.news', plugin_title: 'Crier', title: 'News', mail: true }
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const core = new CallCore(kernel.runtime, { actor: { kind: 'service', id: 'test' } })
      const call = kernel.catalogue.byName('notifications')?.ownCall(core, house.kernel.tenantId('a')) as Call
      const to = { permission: 'crier:read' } as const
      const notice = { kind: 'crier.news', notice_id: newId(), title: 'Once', unique: 'same', to }
      const mail = { queue: async () => undefined }
      return deliver(call, notice, kind, { mail, appUrl: 'https://cloud.example' })
    }),
  )
  const sum = (count: 'told' | 'mailed'): number => outcomes.reduce((total, outcome) => total + outcome[count], 0)
  const rows: { user_id: string }[] = await kernel.runtime.database.knex('notifications').where({ title: 'Once' })
  t.deepEqual(
    ids.filter(id => rows.filter(({ user_id }) => user_id === id).length !== 1),
    [],
  )
  t.is(sum('told'), rows.length)
  t.is(sum('mailed'), ids.length)
})
