import test from 'ava'
import { newId } from '../../../kernel/data/id.ts'
import { Client } from '../../../kernel/testing/client.ts'
import { SocketRefused, TestSocket } from '../../../kernel/testing/test-socket.ts'
import { NoticeHouse } from './notice-house.ts'

test('the list is one’s own, the newest first, in pages, and can be narrowed', async t => {
  await using house = await NoticeHouse.open()
  const [ann, bob] = [await house.user(), await house.user()]
  for (const title of ['one', 'two', 'three']) {
    await house.tell({ to: { users: [ann.id, bob.id] }, title, kind: title === 'two' ? 'gossip' : 'news' })
    house.kernel.clock.advance(1_000)
  }
  t.deepEqual(await house.heard(ann), ['three', 'two', 'one'])
  const first = (await ann.client.get('/notifications?limit=2&count=true')).body
  t.is(first.count, 3)
  t.deepEqual(await house.heard(ann, `?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`), ['one'])
  t.deepEqual(await house.heard(ann, '?kind=crier.gossip'), ['two'])
  await ann.client.post(`/notifications/${first.items[0].id}/read`)
  t.deepEqual(await house.heard(ann, '?unread=true'), ['two', 'one'])
  t.deepEqual(await house.heard(ann, '?unread=false'), ['three'])
  t.deepEqual(await house.heard(bob, '?unread=true'), ['three', 'two', 'one'])
  t.is((await ann.client.get(`/notifications?user_id=${bob.id}`)).status, 422)
})

test('one notification, several, or all are marked as read; those of others are not there', async t => {
  await using house = await NoticeHouse.open()
  const [ann, bob, foreign] = [await house.user(), await house.user(), await house.user('b')]
  for (const title of ['one', 'two', 'three', 'four']) await house.tell({ to: { users: [ann.id, bob.id] }, title })
  const unread = async () => (await ann.client.get('/notifications/unread')).body
  t.deepEqual(await unread(), { unread: 4 })
  const { items } = (await ann.client.get('/notifications')).body
  const [one, two, three] = items.map(({ id }: { id: string }) => id)

  for (const other of [bob, foreign]) {
    t.is((await other.client.post(`/notifications/${one}/read`)).status, 404)
    t.is((await other.client.post('/notifications/read', { ids: [one] })).status, 404)
  }
  t.is((await ann.client.post(`/notifications/${newId()}/read`)).status, 404)
  t.deepEqual(await unread(), { unread: 4 })

  const now = house.kernel.clock.now().toISOString()
  t.like(await ann.client.post(`/notifications/${one}/read`), { status: 200, body: { id: one, read_at: now } })
  house.kernel.clock.advance(1_000)
  t.is((await ann.client.post(`/notifications/${one}/read`)).body.read_at, now)
  t.is((await ann.client.post('/notifications/read', { ids: [two, newId()] })).status, 404)
  t.deepEqual(await unread(), { unread: 3 })
  const some = await ann.client.post('/notifications/read', { ids: [one, two, two, three] })
  t.deepEqual(some.body, { read: 2, unread: 1 })
  t.deepEqual((await ann.client.post('/notifications/read', { all: true })).body, { read: 1, unread: 0 })
  t.is((await house.heard(bob, '?unread=true')).length, 4)
  for (const body of [{}, { all: false }, { ids: [] }, { ids: [one], all: true }, { ids: ['x'] }]) {
    t.is((await ann.client.post('/notifications/read', body)).status, 422, JSON.stringify(body))
  }
})

test('what is unread is counted up to a thousand', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  const { database } = house.kernel.kernel.runtime
  const created_at = house.kernel.clock.now().toISOString()
  const row = { tenant_id: house.kernel.tenantId('a'), user_id: ann.id, kind: 'crier.news', title: 'x', created_at }
  for (let n = 0; n < 11; n++) {
    const rows = Array.from({ length: 100 }, () => ({ id: newId(), notice_id: newId(), ...row }))
    await database.knex('notifications').insert(rows)
  }
  t.deepEqual((await ann.client.get('/notifications/unread')).body, { unread: 1_000 })
})

test('an API key has no notifications, whatever it may do', async t => {
  await using house = await NoticeHouse.open()
  const { kernel } = house
  const made = await (await kernel.as('a')).post('/api-keys', { name: 'Script', permissions: ['*'] })
  t.is(made.status, 201, made.text)
  const headers = { authorization: `Bearer ${made.body.key}` }
  const key = new Client(kernel.kernel.app, headers)
  t.is((await key.get('/users')).status, 200)
  const refused = {
    status: 403,
    body: { error: 'forbidden', detail: 'This is about the user who is logged in; log in as one.' },
  }
  for (const path of ['/notifications', '/notifications/unread', '/notifications/preferences']) {
    t.like(await key.get(path), refused, path)
  }
  t.like(await key.put('/notifications/preferences', { items: [] }), refused)
  t.like(await key.post('/notifications/read', { all: true }), refused)
  t.like(await key.post(`/notifications/${newId()}/read`), refused)
  const url = `${await kernel.socketUrl()}/api/ws/notifications`
  t.is((await t.throwsAsync(TestSocket.open(url, { headers }), { instanceOf: SocketRefused }))?.status, 403)
})

test('nobody without a token sees anything, and marking leaves no line in the audit log', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  await house.tell({ to: { users: [ann.id] } })
  for (const path of ['/notifications', '/notifications/unread', '/notifications/preferences']) {
    t.is((await house.kernel.anonymous.get(path)).status, 401)
  }
  const before = (await house.kernel.audit('a')).length
  await ann.client.post('/notifications/read', { all: true })
  t.is((await house.kernel.audit('a')).length, before)
})
