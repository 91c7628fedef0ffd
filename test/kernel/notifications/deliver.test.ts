import test from 'ava'
import { NoticeHouse } from './notice-house.ts'

test('users by id are told, those alone, and only active ones of the tenant', async t => {
  await using house = await NoticeHouse.open()
  const [ann, bob, gone, foreign] = [await house.user(), await house.user(), await house.user(), await house.user('b')]
  await house.kernel.kernel.runtime.database.knex('users').where({ id: gone.id }).update({ active: false })
  await house.tell({ to: { users: [ann.id, ann.id, gone.id, foreign.id] }, body: 'Now', path: '/news' })
  const { items } = (await ann.client.get('/notifications')).body
  t.is(items.length, 1)
  t.like(items[0], { kind: 'crier.news', title: 'Hear, hear', body: 'Now', path: '/news', read_at: null })
  t.deepEqual(await house.heard(bob), [])
  t.deepEqual(await house.heard(foreign), [])
  t.is(Number((await house.kernel.kernel.runtime.database.knex('notifications').count({ n: '*' }))[0]?.n), 1)
})

test('holders of a permission are told, whatever grants it', async t => {
  await using house = await NoticeHouse.open()
  const named = await house.user('a', ['crier:read'])
  const all = await house.user('a', ['*'])
  const reader = await house.user('a', ['*:read'])
  const other = await house.user('a', ['crier:manage'])
  const foreign = await house.user('b', ['crier:read'])
  await house.tell({ to: { permission: 'crier:read' } })
  for (const told of [named, all, reader]) t.is((await house.heard(told)).length, 1)
  for (const not of [other, foreign]) t.deepEqual(await house.heard(not), [])
  await house.tell({ to: { permission: 'crier:manage' }, title: 'For leaders' })
  t.deepEqual(await house.heard(reader), ['Hear, hear'])
  t.deepEqual(await house.heard(other), ['For leaders'])
})

test('many holders are told, each once, a hundred at a time', async t => {
  await using house = await NoticeHouse.open()
  const ids = await house.crowd(250, ['crier:read'])
  const { knex } = house.kernel.kernel.runtime.database
  const second = await house.crowd(1, ['*:read'])
  await knex('user_groups').insert({
    tenant_id: house.kernel.tenantId('a'),
    user_id: ids[0],
    group_id: (await knex('user_groups').where({ user_id: second[0] }).first('group_id')).group_id,
  })
  const sizes: number[] = []
  house.kernel.kernel.runtime.database.observe?.({
    statement(sql, run) {
      if (/^insert into \W?notifications/i.test(sql)) sizes.push(sql.split(/\), \(|union all/).length)
      return run()
    },
  })
  await house.tell({ to: { permission: 'crier:read' } })
  const rows: { user_id: string }[] = await knex('notifications').whereIn('user_id', ids).select('user_id')
  t.is(rows.length, 250)
  t.is(new Set(rows.map(({ user_id }) => user_id)).size, 250)
  t.is(Math.max(...sizes), 100)
})

test('a request that fails tells nothing', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  t.is((await house.post({ to: { users: [ann.id] } }, '/crier/failing')).status, 500)
  await house.kernel.settled()
  t.deepEqual(await house.heard(ann), [])
  t.deepEqual(await house.kernel.notices('a'), [])
})

test('platform calls and jobs tell, too', async t => {
  await using house = await NoticeHouse.open()
  const [ann, foreign] = [await house.user(), await house.user('b')]
  const { kernel } = house
  const notice = { kind: 'news', title: 'From the platform', to: { users: [ann.id, foreign.id] } }
  t.is((await kernel.internal.post('/internal/crier', { notice, tenant_id: kernel.tenantId('b') })).status, 204)
  await kernel.job('crier', 'tell', { notice: { ...notice, title: 'From a job' } }, 'a')
  await kernel.settled()
  t.deepEqual(await house.heard(ann), ['From a job'])
  t.deepEqual(await house.heard(foreign), ['From the platform'])
  t.deepEqual(await kernel.notices('b'), [
    { kind: 'crier.news', title: 'From the platform', to: { users: [ann.id, foreign.id] } },
  ])
})

test('a tenant without the feature of the plugin is told nothing of it', async t => {
  await using house = await NoticeHouse.open()
  const { kernel } = house
  const ann = await house.user()
  await kernel.licence('a', [])
  const notice = { kind: 'news', title: 'Not for you', to: { users: [ann.id] } }
  await kernel.internal.post('/internal/crier', { notice, tenant_id: kernel.tenantId('a') })
  await kernel.settled()
  t.deepEqual(await house.heard(ann), [])
  t.deepEqual(
    (await ann.client.get('/notifications/preferences')).body.items.filter((item: { kind: string }) =>
      /^crier/.test(item.kind),
    ),
    [],
  )
})
