import { AckFrame } from './command.ts'
import { HeartbeatFrame, HelloFrame, sent } from './frames.ts'
import type { DeviceKit } from './plugin.ts'
import type { PresenceTracker } from './presence.ts'
import { deviceKey, edgeChannel } from './public.ts'

/** A batch of events of 1 MiB, with its envelope: other plugins take their frames here, too. */
const LARGEST_FRAME = 1_048_576 + 65_536

/** The channel of devices. */
export function openEdgeChannel(kit: DeviceKit, presence: PresenceTracker): void {
  kit.channel(edgeChannel, {
    summary: 'Commands for a device, and what it answers',
    description:
      'One socket for each device: a newer one closes the older. Begin with `hello`. Commands come one at a time, the next ' +
      'one after the `ack` of the one before.',
    permission: 'signed-in',
    guests: deviceKey,
    single: true,
    maxBytes: LARGEST_FRAME,
    limit: { perSecond: 50, burst: 200 },
    send: sent,
    receive: {
      hello: {
        summary: 'What the device says of itself',
        data: HelloFrame,
        handle: (facts, { deviceSession, socket }) => deviceSession.hello(facts, socket),
      },
      heartbeat: {
        summary: 'That the device is there',
        data: HeartbeatFrame,
        // Nothing is written unless a command is due.
        atomic: false,
        handle: async (_data, { deviceSession, socket }) => void (await deviceSession.goOn(socket)),
      },
      ack: {
        summary: 'How a command ended',
        data: AckFrame,
        handle: ({ id, ...ack }, { deviceSession, socket }) => deviceSession.acknowledge(id, ack, socket),
      },
    },
    async opened({ call, deviceSession, socket }) {
      presence.connected(call.actor.id, socket.id)
      await deviceSession.begin(socket)
    },
    async closed({ call, deviceSession, socket }) {
      presence.disconnected(call.actor.id, socket.id)
      await deviceSession.end(socket)
    },
  })
}
