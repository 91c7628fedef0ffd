import { z } from 'zod'
import { lineOfText } from '../../kernel/contract.ts'
import { deviceStatuses } from './device-status.ts'

const name = lineOfText(200)
const location = lineOfText(400).nullable()
const site_id = z.guid().toLowerCase().nullable()
/** A word such as `network-sensor`. */
const type = z
  .string()
  .trim()
  .max(40)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'must be a word such as "network-sensor"')

/** The version of an agent or a snap. */
export const version = lineOfText(100)

/** A device as the API shows it. */
export const Device = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    location: z.string().nullable(),
    type: z.string(),
    site_id: z.string().nullable(),
    status: z.enum(deviceStatuses),
    version: z.string().nullable(),
    ip_address: z.string().nullable(),
    last_seen_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Device', description: 'An edge device: an appliance in a plant that registered with the platform.' })

/** Fields to change; what is left out stays as it is. */
export const DeviceChange = z
  .strictObject({ name, location, site_id })
  .partial()
  .refine(change => Object.keys(change).length > 0, 'name at least one field to change')

/**
 * What a device sends to register. Its credential is in the header `X-Provisioning-Key`, or here with the account it
 * belongs to. `cloud_server` and `ingest_server` are what was typed into the device; they are taken and not looked at.
 */
export const Registration = z
  .strictObject({
    name: name.optional(),
    location: location.default(null),
    type: type.default('edge-device'),
    version: version.optional(),
    account_name: z.string().trim().min(1).max(200).optional(),
    registration_key: z.string().trim().min(1).max(200).optional(),
    cloud_server: z.string().max(400).optional(),
    ingest_server: z.string().max(400).optional(),
  })
  .refine(({ registration_key, account_name }) => registration_key === undefined || account_name !== undefined, {
    path: ['account_name'],
    message: 'must be there when registration_key is',
  })

/** The answer to a registration: the key is shown here and never again. */
export const Registered = z.strictObject({ device_id: z.string(), device_key: z.string(), tenant_id: z.string() })

export type Device = z.output<typeof Device>
export type DeviceChange = z.output<typeof DeviceChange>
export type Registration = z.output<typeof Registration>
export type Registered = z.output<typeof Registered>
