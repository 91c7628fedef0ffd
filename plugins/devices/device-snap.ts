import { z } from 'zod'
import { version } from './device.ts'
import { message } from './message.ts'

/** How far an update of a snap is on a device. `refused`: the agent would not take it. */
export const snapStatuses = [
  'downloading',
  'downloaded',
  'installing',
  'installed',
  'failed',
  'reverted',
  'refused',
] as const

const name = z
  .string()
  .max(100)
  .regex(/^[a-z0-9](-?[a-z0-9])*$/, 'must be the name of a snap')

/** What a device has of one snap. */
export const DeviceSnap = z
  .strictObject({
    name: z.string(),
    version: z.string().nullable(),
    target_version: z.string().nullable(),
    status: z.enum(snapStatuses),
    error: z.string().nullable(),
    reported_at: z.string(),
  })
  .meta({ id: 'DeviceSnap', description: 'The version of a snap on a device, and how far its update is.' })

/** What a device reports of one snap. */
export const SnapReport = z.strictObject({
  name,
  version: version.nullable().default(null),
  target_version: version.nullable().default(null),
  status: z.enum(snapStatuses),
  error: message(4_000).nullable().default(null),
})

/** A snap that a device names in its `hello`. */
export const InstalledSnap = z.strictObject({ name, version })

export type DeviceSnap = z.output<typeof DeviceSnap>
export type SnapReport = z.output<typeof SnapReport>
export type InstalledSnap = z.output<typeof InstalledSnap>
