import test from 'ava'
import { NoticeHouse } from './notice-house.ts'

type Item = { kind: string; mail: boolean }

const ofCrier = <T extends Item>(body: { items: T[] }): T[] =>
  body.items.filter(({ kind }) => kind.startsWith('crier.'))

test('preferences list the kinds of the plugins that are on, with their defaults', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  const { body } = await ann.client.get('/notifications/preferences')
  t.deepEqual(ofCrier(body), [
    { kind: 'crier.gossip', plugin_title: 'Crier', title: 'Gossip', mail: false, mail_default: false },
    { kind: 'crier.news', plugin_title: 'Crier', title: 'News', mail: true, mail_default: true },
  ])
})

test('what is left out goes back to its default, and each user has their own', async t => {
  await using house = await NoticeHouse.open()
  const [ann, bob] = [await house.user(), await house.user()]
  const put = async (items: Item[]) => {
    const { status, body, text } = await ann.client.put('/notifications/preferences', { items })
    t.is(status, 200, text)
    return ofCrier(body).map(({ kind, mail }) => `${kind} ${mail}`)
  }
  t.deepEqual(await put([{ kind: 'crier.news', mail: false }]), ['crier.gossip false', 'crier.news false'])
  t.deepEqual(await put([{ kind: 'crier.gossip', mail: true }]), ['crier.gossip true', 'crier.news true'])
  const { body } = await bob.client.get('/notifications/preferences')
  t.deepEqual(
    ofCrier(body).map(({ mail }) => mail),
    [false, true],
  )
})

test('what somebody said of a plugin stays while the plugin is off', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  await ann.client.put('/notifications/preferences', { items: [{ kind: 'crier.news', mail: false }] })
  await house.kernel.licence('a', [])
  t.is((await ann.client.put('/notifications/preferences', { items: [] })).status, 200)
  await house.kernel.licence('a', ['crier'])
  const { body } = await ann.client.get('/notifications/preferences')
  t.is(ofCrier(body).find(({ kind }) => kind === 'crier.news')?.mail, false)
})

test('kinds that do not exist, or twice, are refused by name, and other settings stay', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  const { knex } = house.kernel.kernel.runtime.database
  const tenant_id = house.kernel.tenantId('a')
  const updated_at = house.kernel.clock.now().toISOString()
  await knex('user_settings').insert({ tenant_id, user_id: ann.id, appearance: '{"theme":"dark"}', updated_at })
  const wrong = await ann.client.put('/notifications/preferences', {
    items: [
      { kind: 'crier.news', mail: true },
      { kind: 'crier.unheard', mail: true },
      { kind: 'crier.news', mail: false },
      { kind: '__proto__', mail: true },
    ],
  })
  t.is(wrong.status, 422)
  t.deepEqual(
    wrong.body.errors.map(({ path, message }: { path: string; message: string }) => `${path} ${message}`),
    [
      'body.items.1.kind there is no such kind',
      'body.items.2.kind is named twice',
      'body.items.3.kind there is no such kind',
    ],
  )
  await ann.client.put('/notifications/preferences', { items: [{ kind: 'crier.news', mail: false }] })
  const row = await knex('user_settings').where({ user_id: ann.id }).first()
  t.is(row.appearance, '{"theme":"dark"}')
})
