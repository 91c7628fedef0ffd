import { type Reply, reply } from '../../../kernel/contract.ts'
import { Device, DeviceChange } from '../device.ts'
import { atMoment } from '../device-status.ts'
import type { DeviceKit } from '../plugin.ts'
import { type DeviceRow, deviceList, toDevice } from '../repositories/device-repository.ts'
import type { DeviceService } from '../services/device-service.ts'

/** The device with its ETag for `If-Match`. It is always sent in full: its status changes without a new revision. */
const shown = (devices: DeviceService, row: DeviceRow): Reply =>
  reply(devices.show(row), { headers: { ETag: `"${row.revision}"` } })

/** Devices as users see and manage them. */
export function deviceRoutes(kit: DeviceKit): void {
  kit.route('GET /devices', {
    summary: 'Devices',
    permission: 'devices:read',
    query: deviceList.query,
    returns: deviceList.returns(Device),
    async handle({ query }, { call }) {
      const now = call.now()
      const { items, ...page } = await deviceList.page(call.db, atMoment(query, now))
      return { items: items.map(row => toDevice(row, now)), ...page }
    },
  })
  kit.route('GET /devices/:id', {
    summary: 'A device',
    permission: 'devices:read',
    returns: Device,
    handle: async ({ params }, { deviceService }) => shown(deviceService, await deviceService.get(params.id)),
  })
  kit.route('PATCH /devices/:id', {
    summary: 'Change a device',
    description: 'A device that is connected is told with a `config` frame.',
    permission: 'devices:manage',
    body: DeviceChange,
    returns: Device,
    handle: async ({ params, body, ifMatch }, { deviceService }) =>
      shown(deviceService, await deviceService.update(params.id, body, ifMatch)),
  })
  kit.route('DELETE /devices/:id', {
    summary: 'Revoke a device',
    description:
      'Its key is dead and its socket closes, at once and on every instance; what waits for it is cancelled. ' +
      'The device stays in the list as `revoked`. To bring it back, register it again.',
    permission: 'devices:manage',
    handle: ({ params, ifMatch }, { deviceService }) => deviceService.revoke(params.id, ifMatch),
  })
}
