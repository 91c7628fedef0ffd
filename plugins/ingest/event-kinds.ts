import { isIP } from 'node:net'
import { z } from 'zod'

const LARGEST_SIZE = Number.MAX_SAFE_INTEGER

/** Agents send '' for what they do not know. */
const address = z
  .string()
  .max(45)
  .refine(value => value === '' || (isIP(value) !== 0 && !value.includes('%')), 'must be an IPv4 or IPv6 address')
  .meta({ examples: ['10.10.1.11'] })
const macAddress = z
  .string()
  .max(20)
  .refine(value => value === '' || /^[0-9a-f]{12}$/i.test(value.replace(/[:.-]/g, '')), 'must be a MAC address')
  .meta({ examples: ['00:1b:1b:12:34:56'] })
const share = z.number().min(0).max(100).describe('Per cent.').nullish()
const total = z.number().min(0).max(LARGEST_SIZE).nullish()
const isPort = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535
/** One fault, however many of the list are wrong. */
const ports = z
  .custom<number[]>(value => Array.isArray(value) && value.every(isPort), 'must be a list of ports, 0 to 65535')
  .meta({ type: 'array', items: { type: 'integer', minimum: 0, maximum: 65_535 } })
/** One line of text, and nothing that a database would not give back as it was. */
const line = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line of text without control characters')
/** Text of several lines; a NUL character, or half of a character, is kept by no database. */
const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine(value => !value.includes('\0') && value.isWellFormed(), 'must be text without NUL characters')

/** Readings of the device itself. */
const telemetry = z.object({
  cpu_percent: share,
  memory_percent: share,
  interface: line(100).nullish(),
  rx_bytes: total,
  tx_bytes: total,
})

/** A line of a log. */
const log = z.object({
  level: line(20)
    .min(1)
    .meta({ examples: ['warn'] }),
  message: text(20_000).min(1),
  source: line(200).nullish(),
})

/** Something that looks like an attack. */
const securityAlert = z.object({
  title: line(300).min(1),
  severity: z.enum(['info', 'low', 'medium', 'high', 'critical']),
  source_ip: address.nullish(),
  destination_ip: address.nullish(),
  description: text(10_000).nullish(),
})

/** Something that is there in the network. */
const discovery = z
  .object({
    ip: address.nullish(),
    mac: macAddress.nullish(),
    hostname: line(253).nullish(),
    open_ports: ports.nullish(),
    vendor: line(200).nullish(),
  })
  .refine(data => data.ip || data.mac, { path: ['ip'], message: 'ip or mac must be there' })

/** How a backup went. */
const backupEvent = z.object({
  job_id: z.guid(),
  status: line(40)
    .min(1)
    .meta({ examples: ['completed'] }),
  asset_id: z.guid().nullish(),
  size_bytes: z.int().min(0).nullish(),
  checksum_sha256: z
    .string()
    .regex(/^[0-9A-Fa-f]{64}$/, 'must be 64 hex digits')
    .nullish(),
})

/**
 * What a device can send, and the schema of its `data`. Only whether `data` fits is asked of it: what is stored is `data` as
 * it came, with the fields that are not named here.
 */
export const eventKinds = {
  telemetry,
  log,
  security_alert: securityAlert,
  discovery,
  backup_event: backupEvent,
} as const

export type EventKind = keyof typeof eventKinds

/** The names of the kinds. */
export const kindNames = Object.keys(eventKinds) as EventKind[]

/** The `data` of an event of a kind, with what else it may hold. */
export type DataOf<K extends EventKind> = z.output<(typeof eventKinds)[K]> & Readonly<Record<string, unknown>>
