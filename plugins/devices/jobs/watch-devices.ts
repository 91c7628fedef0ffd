import { z } from 'zod'
import { type DeviceStatus, statusAt } from '../device-status.ts'
import type { DeviceKit } from '../plugin.ts'
import { deviceStatusChanged } from '../public.ts'
import type { Turned } from '../repositories/presence-repository.ts'
import { tellOfLost } from '../services/device-notices.ts'

/** Devices in one transaction, and in one event. */
const AT_ONCE = 100

/** Each minute: writes down which devices came or went silent, and tells other plugins. */
export function watchDevices(kit: DeviceKit): void {
  kit.job('watch-devices', {
    scope: 'platform',
    every: '1 minute',
    data: z.object({}),
    async run(_data, { call, presence }) {
      let changed = 0
      for (;;) {
        call.signal.throwIfAborted()
        const count = await call.db.transaction(async () => {
          const now = call.now()
          const turned = await presence.turned(now, AT_ONCE)
          const news = turned.map(device => ({ device, status: statusAt({ ...device, revoked_at: null }, now) }))
          for (const [key, group] of Map.groupBy(news, ({ device, status }) => `${device.status} ${status}`)) {
            const [before, status] = key.split(' ') as [string, DeviceStatus]
            await presence.turn(
              group.map(({ device }) => device.id),
              before,
              status,
            )
          }
          for (const [tenantId, group] of Map.groupBy(news, ({ device }) => device.tenant_id)) {
            await call.emit(deviceStatusChanged, { changes: group.map(toChange) }, tenantId)
            const lost = group.filter(({ status }) => status === 'offline').map(({ device }) => device)
            await tellOfLost(notice => call.notify(tenantId, notice), lost)
          }
          return turned.length
        })
        changed += count
        if (count < AT_ONCE) return { changed }
      }
    },
  })
}

const toChange = ({ device, status }: { readonly device: Turned; readonly status: DeviceStatus }) => ({
  device_id: device.id,
  before: device.status,
  status,
})
