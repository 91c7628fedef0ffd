import test from 'ava'
import { withFleet } from './fleet.ts'

test(
  'a device reports how far an update is, and users see it',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const report = (body: object) => device.post(`/devices/${device.id}/snaps`, body)
    const first = await report({ name: 'edgezu', version: '1.4.0', target_version: '1.5.0', status: 'downloading' })
    t.is(first.status, 200)
    await report({ name: 'core24', version: '20260101', status: 'installed' })
    await report({ name: 'edgezu', version: '1.4.0', target_version: '1.5.0', status: 'failed', error: 'no room' })
    const { items } = (await fleet.user.get(`/devices/${device.id}/snaps`)).body
    t.deepEqual(
      items.map(({ reported_at: _, ...snap }: { reported_at: string }) => snap),
      [
        { name: 'core24', version: '20260101', target_version: null, status: 'installed', error: null },
        { name: 'edgezu', version: '1.4.0', target_version: '1.5.0', status: 'failed', error: 'no room' },
      ],
    )
  }),
)

test(
  'a device reports for itself only',
  withFleet(async (t, fleet) => {
    const [one, two, other] = [await fleet.device('one'), await fleet.device('two'), await fleet.device('b', 'b')]
    for (const { id } of [two, other]) {
      t.is((await one.post(`/devices/${id}/snaps`, { name: 'edgezu', status: 'installed' })).status, 404)
    }
    t.deepEqual((await fleet.user.get(`/devices/${two.id}/snaps`)).body.items, [])
    t.is((await fleet.user.post(`/devices/${one.id}/snaps`, { name: 'edgezu', status: 'installed' })).status, 401)
  }),
)

test(
  'reports that cannot be are refused',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    for (const body of [
      {},
      { name: 'Edge Zu', status: 'installed' },
      { name: 'edgezu', status: 'done' },
      { name: 'edgezu', status: 'installed', device_id: device.id },
      { name: `${'a'.repeat(101)}`, status: 'installed' },
      { name: `${'a-'.repeat(49)}!`, status: 'installed' },
    ]) {
      t.is((await device.post(`/devices/${device.id}/snaps`, body)).status, 422, JSON.stringify(body))
    }
    for (let n = 0; n < 50; n++) {
      t.is((await device.post(`/devices/${device.id}/snaps`, { name: `snap-${n}`, status: 'installed' })).status, 200)
    }
    t.is((await device.post(`/devices/${device.id}/snaps`, { name: 'snap-50', status: 'installed' })).status, 409)
    t.is((await device.post(`/devices/${device.id}/snaps`, { name: 'snap-0', status: 'failed' })).status, 200)
  }),
)
