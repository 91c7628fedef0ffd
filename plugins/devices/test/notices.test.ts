import test from 'ava'
import { type Fleet, startFleet, type TestDevice } from './fleet.ts'

const MINUTE = 60_000

/** Writes down that devices were connected, and heard so long ago. */
async function silence({ kernel }: Fleet, devices: readonly TestDevice[], ms: number): Promise<void> {
  const last_seen_at = new Date(kernel.clock.now().getTime() - ms).toISOString()
  const ids = devices.map(({ id }) => id)
  await kernel.kernel.runtime.database.knex('devices').whereIn('id', ids).update({ status: 'connected', last_seen_at })
}

const watch = async ({ kernel }: Fleet): Promise<void> => {
  const { status, error } = await kernel.job('devices', 'watch-devices', {})
  if (status !== 'succeeded') throw new Error(String(error))
  await kernel.settled()
}

test('those who manage devices are told of one that went offline, once, and without mail', async t => {
  await using fleet = await startFleet()
  const [lost, stale, foreign] = [
    await fleet.device('Line 1'),
    await fleet.device('Line 2'),
    await fleet.device('Line 3', 'b'),
  ]
  await silence(fleet, [lost, foreign], 10 * MINUTE)
  await silence(fleet, [stale], 2 * MINUTE)
  const manager = await fleet.kernel.as('a', ['devices:manage'])
  const reader = await fleet.kernel.as('a', ['devices:read'])
  await watch(fleet)
  const { items } = (await manager.get('/notifications')).body
  t.is(items.length, 1)
  t.like(items[0], {
    kind: 'devices.device-offline',
    title: 'Device Line 1 went offline',
    path: `/devices/${lost.id}`,
  })
  t.deepEqual((await reader.get('/notifications')).body.items, [])
  t.deepEqual(
    (await fleet.kernel.notices('b')).map(({ title }) => title),
    ['Device Line 3 went offline'],
  )
  await silence(fleet, [lost], 10 * MINUTE)
  await watch(fleet)
  t.is((await manager.get('/notifications/unread')).body.unread, 1)
  t.is((await fleet.kernel.kernel.runtime.database.knex('mail_messages')).length, 0)
})

test('many devices at once are one notice, which does not come again while it is unread', async t => {
  await using fleet = await startFleet()
  const devices: TestDevice[] = []
  for (let n = 0; n < 12; n++) devices.push(await fleet.device(`Line ${n}`))
  const manager = await fleet.kernel.as('a', ['devices:manage'])
  await silence(fleet, devices.slice(0, 6), 10 * MINUTE)
  await watch(fleet)
  await silence(fleet, devices.slice(6), 10 * MINUTE)
  await watch(fleet)
  const titles = (await manager.get('/notifications')).body.items.map(({ title }: { title: string }) => title)
  t.deepEqual(titles, ['Many edge devices went offline'])
})
