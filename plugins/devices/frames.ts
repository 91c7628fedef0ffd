import { z } from 'zod'
import { ipAddress } from '../../kernel/contract.ts'
import { DueCommand } from './command.ts'
import { version } from './device.ts'
import { InstalledSnap } from './device-snap.ts'

/** How often a device should be heard; it is `stale` after two minutes. */
const HEARTBEAT_SECONDS = 30

/** What a device is told of itself: after its `hello`, and when somebody has changed it. */
export const ConfigFrame = z.strictObject({
  device_id: z.string(),
  name: z.string(),
  location: z.string().nullable(),
  site_id: z.string().nullable(),
  heartbeat_seconds: z.number().int(),
})

/** What a device says of itself when it has connected. */
export const HelloFrame = z.strictObject({
  version: version.optional(),
  ip_address: ipAddress.optional(),
  snaps: z.array(InstalledSnap).max(50).optional(),
})

/** That a device is alive, when it has nothing else to say. */
export const HeartbeatFrame = z.strictObject({}).nullish()

/** What the channel sends. */
export const sent = { command: DueCommand, config: ConfigFrame }

/** The `config` of a device. */
export const configOf = (device: {
  readonly id: string
  readonly name: string
  readonly location: string | null
  readonly site_id: string | null
}): z.output<typeof ConfigFrame> => ({
  device_id: device.id,
  name: device.name,
  location: device.location,
  site_id: device.site_id,
  heartbeat_seconds: HEARTBEAT_SECONDS,
})

export type HelloFrame = z.output<typeof HelloFrame>
