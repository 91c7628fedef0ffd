import { z } from 'zod'
import { ipAddress, lineOfText } from '../../kernel/contract.ts'
import { CpeNameError, validateAssetCpe } from '../vulnerabilities/public.ts'

/** What an asset can be, IT first, then OT (contract 2.6). */
export const assetTypes = [
  'server',
  'workstation',
  'virtual_machine',
  'network_device',
  'cloud_service',
  'plc',
  'rtu',
  'dcs_controller',
  'scada_server',
  'hmi',
  'industrial_switch',
  'gateway',
  'sensor',
  'robot',
  'engineering_station',
  'other',
] as const

const MOST_CPES = 50
/** Width of `asset_cpes.product_key`. */
const LONGEST_PRODUCT = 400

const type = z.enum(assetTypes)
const criticality = z.enum(['low', 'medium', 'high', 'critical'])
/** `discovered`: a device saw it in its network, and nobody has confirmed it yet. */
const lifecycle = z.enum(['active', 'decommissioned', 'planned', 'discovered'])

const text = lineOfText(200).nullable()

/** A MAC address as it is stored: `00:1b:1b:12:34:56`. */
export const macAddress = z
  .string()
  .trim()
  .max(20)
  .transform((value, context) => {
    const digits = value.replace(/[:.-]/g, '').toLowerCase()
    if (/^[0-9a-f]{12}$/.test(digits)) return (digits.match(/../g) as string[]).join(':')
    context.addIssue('must be a MAC address such as 00:1b:1b:12:34:56')
    return z.NEVER
  })

/** A CPE name as it is stored: a CPE 2.3 formatted string, complete and lower-case. */
export const cpeName = z
  .string()
  .max(512)
  .transform((value, context) => {
    try {
      const { text, key } = validateAssetCpe(value)
      if (key.length <= LONGEST_PRODUCT) return text
      context.addIssue(`part, vendor and product may have at most ${LONGEST_PRODUCT} characters together`)
    } catch (error) {
      if (!(error instanceof CpeNameError)) throw error
      context.addIssue(error.message)
    }
    return z.NEVER
  })

const cpes = z
  .array(cpeName)
  .max(MOST_CPES)
  .transform(names => [...new Set(names)])

const fields = {
  name: lineOfText(200),
  type,
  site_id: z.guid().toLowerCase().nullable(),
  producer: text,
  model: text,
  version: text,
  ip_address: ipAddress.nullable(),
  mac_address: macAddress.nullable(),
  criticality,
  lifecycle,
  cpes,
  external_key: lineOfText(400).nullable(),
}

/** An asset as the API shows it. */
export const Asset = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    type,
    site_id: z.string().nullable(),
    producer: z.string().nullable(),
    model: z.string().nullable(),
    version: z.string().nullable().describe('Firmware or operating system version.'),
    ip_address: z.string().nullable(),
    mac_address: z.string().nullable(),
    criticality,
    lifecycle,
    cpes: z.array(z.string()).describe('CPE 2.3 formatted strings.'),
    external_key: z.string().nullable().describe('The key of the asset in the system it is imported from.'),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Asset', description: 'An IT or OT device in the inventory.' })

/** A new asset. */
export const NewAsset = z.strictObject({
  name: fields.name,
  type: fields.type,
  site_id: fields.site_id.default(null),
  producer: fields.producer.default(null),
  model: fields.model.default(null),
  version: fields.version.default(null),
  ip_address: fields.ip_address.default(null),
  mac_address: fields.mac_address.default(null),
  criticality: fields.criticality.default('medium'),
  lifecycle: fields.lifecycle.default('active'),
  cpes: fields.cpes.default([]),
  external_key: fields.external_key.default(null),
})

/** Fields to change; what is left out stays as it is. */
export const AssetChange = z
  .strictObject(fields)
  .partial()
  .refine(change => Object.keys(change).length > 0, 'name at least one field to change')

export type Asset = z.output<typeof Asset>
export type NewAsset = z.output<typeof NewAsset>
export type AssetChange = z.output<typeof AssetChange>
export type AssetType = (typeof assetTypes)[number]
