import test from 'ava'
import type { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../../../kernel/contract.ts'
import sites from '../../sites/plugin.ts'
import devices from '../plugin.ts'
import { deviceDirectory, deviceRegistered, deviceRevoked, deviceStatusChanged } from '../public.ts'
import { startFleet } from './fleet.ts'

const MINUTE = 60_000

type Changes = z.output<typeof deviceStatusChanged.payload>['changes']

/** A plugin that hears of devices and looks them up. */
function listener() {
  const heard: { registered: string[]; revoked: string[]; changes: Changes } = {
    registered: [],
    revoked: [],
    changes: [],
  }
  const plugin = definePlugin({
    name: 'listener',
    version: '1.0.0',
    title: 'Listener',
    segments: ['listener'],
    uses: { fleet: deviceDirectory },
    setup(kit) {
      kit.on(deviceRegistered, async ({ payload }) => void heard.registered.push(payload.device_id))
      kit.on(deviceRevoked, async ({ payload }) => void heard.revoked.push(payload.device_id))
      kit.on(deviceStatusChanged, async ({ payload }) => void heard.changes.push(...payload.changes))
      kit.route('GET /listener/:id', {
        summary: 'A device as another plugin sees it',
        permission: 'signed-in',
        handle: async ({ params }, { fleet }) => {
          const found = await fleet.find(params.id)
          const all = await fleet.byIds([params.id, params.id])
          return { found, same: JSON.stringify(all.get(params.id)) === JSON.stringify(found) } as never
        },
      })
    },
  })
  return { heard, plugins: [sites, devices, plugin] as unknown as AnyPlugin[] }
}

test('the job writes down what has changed, once, and tells other plugins', async t => {
  const { heard, plugins } = listener()
  await using fleet = await startFleet({ plugins })
  const { kernel } = fleet
  const { knex } = kernel.kernel.runtime.database
  const [comes, goes, lost, gone] = [
    await fleet.device('comes'),
    await fleet.device('goes'),
    await fleet.device('lost'),
    await fleet.device('gone'),
  ]
  const now = kernel.clock.now().getTime()
  const put = (device: { readonly id: string }, status: string, age: number) =>
    knex('devices')
      .where({ id: device.id })
      .update({ status, last_seen_at: new Date(now - age).toISOString() })
  await put(comes, 'offline', 0)
  await put(goes, 'connected', 2 * MINUTE)
  await put(lost, 'connected', 10 * MINUTE)
  await put(gone, 'connected', 10 * MINUTE)
  await fleet.user.delete(`/devices/${gone.id}`)
  t.like((await kernel.job('devices', 'watch-devices', {})).result, { changed: 3 })
  t.like((await kernel.job('devices', 'watch-devices', {})).result, { changed: 0 })
  await kernel.settled()
  t.deepEqual(
    Object.fromEntries(heard.changes.map(({ device_id, before, status }) => [device_id, `${before} > ${status}`])),
    { [comes.id]: 'offline > connected', [goes.id]: 'connected > stale', [lost.id]: 'connected > offline' },
  )
  const stored = await knex('devices').select('id', 'status')
  t.deepEqual(Object.fromEntries(stored.map(({ id, status }) => [id, status])), {
    [comes.id]: 'connected',
    [goes.id]: 'stale',
    [lost.id]: 'offline',
    [gone.id]: 'revoked',
  })
  t.deepEqual(heard.registered, [comes.id, goes.id, lost.id, gone.id])
  t.deepEqual(heard.revoked, [gone.id])
})

test('more devices than fit in one event are all told', async t => {
  const { heard, plugins } = listener()
  await using fleet = await startFleet({ plugins })
  const { knex } = fleet.kernel.kernel.runtime.database
  const [model] = [await fleet.device()]
  const [row] = await knex('devices').where({ id: model.id })
  const at = fleet.kernel.clock.now().toISOString()
  for (let n = 0; n < 249; n++) {
    const id = `${model.id.slice(0, -3)}${n.toString(16).padStart(3, '0')}`
    if (id !== model.id) await knex('devices').insert({ ...row, id, device_key: id })
  }
  await knex('devices').update({ last_seen_at: at })
  const [counted] = await knex('devices').count({ devices: '*' })
  t.like((await fleet.kernel.job('devices', 'watch-devices', {})).result, { changed: Number(counted?.devices) })
  await fleet.kernel.settled()
  t.is(new Set(heard.changes.map(({ device_id }) => device_id)).size, Number(counted?.devices))
})

test('another plugin looks devices of its tenant up', async t => {
  const { plugins } = listener()
  await using fleet = await startFleet({ plugins })
  const device = await fleet.device()
  const own = (await fleet.user.get(`/listener/${device.id}`)).body
  t.deepEqual(own, { found: { id: device.id, name: 'edge-1', site_id: null, status: 'registered' }, same: true })
  t.is((await (await fleet.kernel.as('b')).get(`/listener/${device.id}`)).body.found, undefined)
})
