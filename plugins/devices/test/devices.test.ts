import test from 'ava'
import { withFleet } from './fleet.ts'

const MINUTE = 60_000
const nobody = '01890a5d-ac96-774b-bcce-b302099a8057'

test(
  'users list, find and change devices',
  withFleet(async (t, fleet) => {
    const { user } = fleet
    const site = (await user.post('/sites', { name: 'Plant North' })).body
    const [one, two] = [await fleet.device('edge-1'), await fleet.device('edge-2', 'a', { site_id: site.id })]
    const names = async (query: string) =>
      (await user.get(`/devices${query}`)).body.items.map(({ name }: { name: string }) => name)
    t.deepEqual(await names(''), ['edge-1', 'edge-2'])
    t.deepEqual(await names('?q=GE-2'), ['edge-2'])
    t.deepEqual(await names(`?site_id=${site.id}`), ['edge-2'])
    t.deepEqual(await names('?sort=-name&limit=1'), ['edge-2'])

    const before = await user.get(`/devices/${one.id}`)
    t.is(before.headers.etag, '"1"')
    const change = { name: 'edge-north', location: null, site_id: site.id }
    const changed = await user.patch(`/devices/${one.id}`, change, { 'if-match': '"1"' })
    t.is(changed.status, 200)
    t.like(changed.body, change)
    t.is(changed.headers.etag, '"2"')
    t.is((await user.patch(`/devices/${one.id}`, { name: 'x' }, { 'if-match': '"1"' })).status, 412)
    t.is((await user.patch(`/devices/${one.id}`, { site_id: nobody })).status, 422)
    t.is((await user.patch(`/devices/${one.id}`, { status: 'connected' })).status, 422)
    t.is((await user.patch(`/devices/${nobody}`, { name: 'x' })).status, 404)
    t.is((await user.delete(`/sites/${site.id}`)).status, 409, 'devices are there')
    t.is(two.id, (await user.get('/devices?q=edge-2')).body.items[0].id)
    t.true(JSON.stringify(await fleet.kernel.audit('a')).includes('device.updated'))
  }),
)

test(
  'a device of another tenant is not there',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const other = await fleet.kernel.as('b')
    t.deepEqual((await other.get('/devices')).body.items, [])
    t.is((await other.get(`/devices/${device.id}`)).status, 404)
    t.is((await other.patch(`/devices/${device.id}`, { name: 'x' })).status, 404)
    t.is((await other.delete(`/devices/${device.id}`)).status, 404)
    t.is((await other.get(`/devices/${device.id}/commands`)).status, 404)
    t.is((await other.get(`/devices/${device.id}/snaps`)).status, 404)
    const command = { command: 'restart_service', payload: { service: 'x' } }
    t.is((await other.post(`/devices/${device.id}/commands`, command)).status, 404)
  }),
)

test(
  'a revoked device is out at once, and stays in the list',
  withFleet(async (t, fleet) => {
    const { user } = fleet
    const device = await fleet.device()
    const command = await fleet.send(device)
    t.is((await device.poll()).status, 200)
    t.is((await user.delete(`/devices/${device.id}`, { 'if-match': '"7"' })).status, 412)
    t.is((await user.delete(`/devices/${device.id}`)).status, 204)
    t.is((await user.delete(`/devices/${device.id}`)).status, 204, 'again is harmless')
    const refused = await device.poll()
    t.is(refused.status, 403)
    t.is(refused.body.error, 'device_revoked')
    t.is((await device.ack(command.id)).status, 403)
    t.is((await fleet.shown(device)).status, 'revoked')
    t.is((await fleet.command(device, command.id)).status, 'cancelled')
    const late = await user.post(`/devices/${device.id}/commands`, { command: 'config_update' })
    t.is(late.status, 409)
    t.deepEqual(
      (await user.get('/devices?status=revoked')).body.items.map(({ id }: { id: string }) => id),
      [device.id],
    )
    const lines = (await fleet.kernel.audit('a')).filter(({ action }) => action === 'device.revoked')
    t.is(lines.length, 1)
    t.is((await user.delete(`/devices/${nobody}`)).status, 404)
  }),
)

test(
  'a key that is none, or not in the header, is 401',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    for (const key of [
      `dvc_${'x'.repeat(43)}`,
      device.key.slice(0, -1),
      `${device.key}x`,
      device.id,
      'x'.repeat(5000),
    ]) {
      const { status, body } = await fleet.kernel.anonymous.get('/commands', { 'x-device-key': key })
      t.deepEqual([status, body.error], [401, 'unauthenticated'], key.slice(0, 60))
    }
    t.is((await fleet.kernel.anonymous.get('/commands')).status, 401)
    t.is((await fleet.user.get('/commands')).status, 401, 'users are no devices')
    t.is((await fleet.kernel.anonymous.get('/devices', device.headers)).status, 401, 'devices are no users')
  }),
)

test(
  'the status follows from when a device was heard, and so do the filter and the gauge',
  withFleet(async (t, fleet) => {
    const { user, kernel } = fleet
    const start = kernel.clock.now().getTime()
    const { database } = kernel.kernel.runtime
    const ages = { connected: 0, 'still-connected': 2 * MINUTE - 1, stale: 2 * MINUTE, offline: 10 * MINUTE }
    for (const [name, age] of Object.entries(ages)) {
      const { id } = await fleet.device(name)
      await database
        .knex('devices')
        .where({ id })
        .update({ last_seen_at: new Date(start - age).toISOString() })
    }
    await fleet.device('registered')
    const revoked = await fleet.device('revoked')
    await user.delete(`/devices/${revoked.id}`)
    const expected = {
      connected: 'connected',
      offline: 'offline',
      registered: 'registered',
      revoked: 'revoked',
      stale: 'stale',
      'still-connected': 'connected',
    }
    const listed = async (query = '') => {
      const { items } = (await user.get(`/devices${query}`)).body
      return Object.fromEntries(items.map(({ name, status }: Record<string, string>) => [name, status]))
    }
    t.deepEqual(await listed(), expected)
    for (const status of new Set(Object.values(expected))) {
      const wanted = Object.entries(expected).filter(([, own]) => own === status)
      t.deepEqual(await listed(`?status=${status}`), Object.fromEntries(wanted), status)
    }
    t.is(Object.keys(await listed('?status=stale,offline')).length, 2)
    t.is((await user.get('/devices?status=connected&count=true&limit=1')).body.count, 2)
    t.is((await user.get('/devices?status=lost')).status, 422)
    const gauge = kernel.kernel.catalogue.byName('devices')?.gauges.find(({ name }) => name === 'devices')
    const counted = (await gauge?.read()) ?? []
    t.deepEqual(Object.fromEntries(counted.map(({ attributes, value }) => [attributes?.status, value])), {
      connected: 2,
      stale: 1,
      offline: 1,
      registered: 1,
      revoked: 1,
    })
  }),
)
