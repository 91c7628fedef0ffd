import { z } from 'zod'
import { Acknowledged, CommandAck, DueCommand, LARGEST_ACK } from '../command.ts'
import { DeviceSnap, SnapReport } from '../device-snap.ts'
import type { DeviceKit } from '../plugin.ts'
import { deviceKey } from '../public.ts'

const LONGEST_WAIT = 30

const seconds = z.coerce.number().int().min(0).max(LONGEST_WAIT).default(0)

/** What agents on devices ask, with their device key. */
export function agentRoutes(kit: DeviceKit): void {
  kit.guestRoute('GET /commands', {
    summary: 'Commands for this device to do now',
    description:
      'One at most: the next one comes after it is acknowledged. With `wait` the answer waits up to so many seconds for ' +
      'something to do.',
    guests: deviceKey,
    query: z.strictObject({ wait: seconds }),
    returns: z.array(DueCommand),
    limit: { perMinute: 600 },
    handle: ({ query }, { commandPoll }) => commandPoll.wait(query.wait),
  })
  kit.guestRoute('POST /commands/:id/ack', {
    summary: 'Say how a command ended',
    description: 'Idempotent: the first word decides, and every answer shows what is stored.',
    guests: deviceKey,
    body: CommandAck,
    maxBytes: LARGEST_ACK,
    returns: Acknowledged,
    limit: { perMinute: 600 },
    audit: false,
    async handle({ params, body }, { call, commandService, commandDelivery }) {
      const status = await commandService.acknowledge(call.actor.id, params.id, body)
      await commandDelivery.push(call.actor.id)
      return { id: params.id, status }
    },
  })
  kit.guestRoute('POST /devices/:id/snaps', {
    summary: 'Report a snap of this device',
    guests: deviceKey,
    body: SnapReport,
    returns: DeviceSnap,
    limit: { perMinute: 120 },
    audit: false,
    handle: ({ params, body }, { deviceSnapService }) => deviceSnapService.report(params.id, body),
  })
  kit.route('GET /devices/:id/snaps', {
    summary: 'Snaps of a device, as it reports them',
    permission: 'devices:read',
    returns: z.object({ items: z.array(DeviceSnap) }),
    handle: async ({ params }, { deviceSnapService }) => ({ items: await deviceSnapService.ofDevice(params.id) }),
  })
}
