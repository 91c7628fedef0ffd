import { z } from 'zod'
import type { DeviceKit } from '../plugin.ts'
import { CommandRepository } from '../repositories/command-repository.ts'
import { CommandDelivery } from '../services/command-delivery.ts'

const EXPIRED_AT_ONCE = 500
const SENT_AT_MOST = 1_000

/** Each minute: ends commands whose time is over, and sends again what a connected device does not answer. */
export function tendCommands(kit: DeviceKit): void {
  kit.job('tend-commands', {
    scope: 'platform',
    every: '1 minute',
    data: z.object({}),
    async run(_data, { call, commandQueue }) {
      let expired = 0
      for (let count = EXPIRED_AT_ONCE; count === EXPIRED_AT_ONCE; expired += count) {
        call.signal.throwIfAborted()
        count = await call.db.transaction(() => commandQueue.expire(call.now(), EXPIRED_AT_ONCE))
      }
      let sent = 0
      for (const { device_id, tenant_id } of await commandQueue.due(call.now(), SENT_AT_MOST)) {
        call.signal.throwIfAborted()
        const db = call.db.forTenant(tenant_id)
        const delivery = new CommandDelivery({
          db,
          commands: new CommandRepository({ db }),
          call: {
            now: () => call.now(),
            publish: (channel, type, data, to) => call.publish(tenant_id, channel, type, data, to),
          },
        })
        if (await delivery.push(device_id)) sent += 1
      }
      return { expired, sent }
    },
  })
}
