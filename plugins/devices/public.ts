import { z } from 'zod'
import { eventRef, guestRef, serviceRef } from '../../kernel/contract.ts'
import type { DeviceStatus } from './device-status.ts'

export type { DeviceStatus }

/** Devices as guests: routes and channels for them name this. The actor of their calls is `{ kind: 'device', id }`. */
export const deviceKey = guestRef('devices.device-key', 'X-Device-Key')

/** The channel of devices, `/api/ws/edge`: other plugins add frames to it with `kit.frames(edgeChannel, …)`. */
export const edgeChannel = 'edge'

/** What other plugins may know of a device. */
export interface DeviceSummary {
  readonly id: string
  readonly name: string
  readonly site_id: string | null
  readonly status: DeviceStatus
}

/** Looks up the devices of the call's tenant. */
export interface DeviceDirectory {
  /** The device, or undefined when the tenant has none of this id. Revoked ones are found, too. */
  find(id: string): Promise<DeviceSummary | undefined>
  /** The devices with one of these ids, by id; ids that no device has are left out. */
  byIds(ids: readonly string[]): Promise<ReadonlyMap<string, DeviceSummary>>
}

/** Looks up devices: `uses: { devices: deviceDirectory }`. */
export const deviceDirectory = serviceRef<DeviceDirectory>('devices.directory')

/** A device has registered. */
export const deviceRegistered = eventRef(
  'devices.device-registered',
  z.object({ device_id: z.string(), site_id: z.string().nullable() }),
)

/** A device's key was revoked: it will not come back under this id. */
export const deviceRevoked = eventRef('devices.device-revoked', z.object({ device_id: z.string() }))

/** Devices came or went silent, up to 100 in one event. Told by a job, within a minute or so. */
export const deviceStatusChanged = eventRef(
  'devices.status-changed',
  z.object({ changes: z.array(z.object({ device_id: z.string(), before: z.string(), status: z.string() })).min(1) }),
)
