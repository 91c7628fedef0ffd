import test from 'ava'
import { TestSocket } from '../../../kernel/testing/test-socket.ts'
import { type Listener, NoticeHouse } from './notice-house.ts'

const connect = async (house: NoticeHouse, { client }: Listener) =>
  TestSocket.open(`${await house.kernel.socketUrl()}/api/ws/notifications`, { headers: client.headers })

test('a notification comes to the sockets of its owner, and to nobody else’s', async t => {
  await using house = await NoticeHouse.open()
  const [ann, bob] = [await house.user(), await house.user()]
  await using hers = await connect(house, ann)
  await using second = await connect(house, ann)
  await using his = await connect(house, bob)
  await house.tell({ to: { users: [ann.id] }, body: 'Now', path: '/news' })
  const [listed] = (await ann.client.get('/notifications')).body.items
  const { read_at: _read, ...shown } = listed
  for (const socket of [hers, second]) {
    t.deepEqual((await socket.next('notification')).data, { ...shown, unread: 1 })
  }
  await house.tell({ to: { users: [bob.id, ann.id] }, title: 'For both' })
  t.like((await hers.next('notification')).data, { title: 'For both', unread: 2 })
  t.like((await his.next('notification')).data, { title: 'For both', unread: 1 })
})

test('what is told twice comes to sockets once', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  await using hers = await connect(house, ann)
  await house.tell({ to: { users: [ann.id] }, title: 'Once', unique: 'x' })
  await house.tell({ to: { users: [ann.id] }, title: 'Twice', unique: 'x' })
  await house.tell({ to: { users: [ann.id] }, title: 'Last' })
  t.like((await hers.next('notification')).data, { title: 'Once' })
  t.like((await hers.next('notification')).data, { title: 'Last' })
})

test('there is nothing to send', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  await using hers = await connect(house, ann)
  hers.send('notification', {})
  t.like((await hers.next('error')).data, { error: 'invalid' })
})
