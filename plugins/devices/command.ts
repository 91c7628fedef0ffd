import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { lineOfText } from '../../kernel/contract.ts'
import { jsonObject, jsonValue } from './json-value.ts'
import { message } from './message.ts'

/** Where a command is in its life (contract 15.4). */
export const commandStatuses = ['queued', 'sent', 'completed', 'failed', 'rejected', 'expired', 'cancelled'] as const
export type CommandStatus = (typeof commandStatuses)[number]

/** What a device can answer. */
export const outcomes = ['completed', 'failed', 'rejected'] as const

/** How long a command waits for its device unless its sender says, and at most, in milliseconds. */
export const DEFAULT_EXPIRY_MS = 24 * 3_600_000
export const LONGEST_EXPIRY_MS = 30 * 24 * 3_600_000
/** Most commands of one device that are not final. */
export const MOST_OPEN = 100
const LARGEST_PAYLOAD = 16_384
/** Bytes of a result as JSON; the largest body of an ack leaves room for the rest of it. */
const LARGEST_RESULT = 65_536
export const LARGEST_ACK = LARGEST_RESULT + 24_576

const subnet = z
  .string()
  .trim()
  .max(50)
  .refine(text => /^[\d.]+\/|:/.test(text) && ipaddr.isValidCIDR(text), 'must be a subnet such as "10.10.1.0/24"')

/** The commands that are known, with the schema of their payload. */
export const payloads = {
  update_snap: z.strictObject({ snap_name: lineOfText(100), version: lineOfText(100) }),
  restart_service: z.strictObject({ service: lineOfText(200) }),
  run_discovery: z.strictObject({ subnet }),
  config_update: z.record(z.string(), z.unknown()),
} as const

export type KnownCommand = keyof typeof payloads
export const knownCommands = Object.keys(payloads) as [KnownCommand, ...KnownCommand[]]

/** A command to send. */
export const NewCommand = z
  .strictObject({
    command: z.enum(knownCommands),
    payload: jsonObject(LARGEST_PAYLOAD).default({}).meta({ description: 'What the command asks for; 16 kB at most.' }),
    expires_in_seconds: z
      .number()
      .int()
      .min(1)
      .max(LONGEST_EXPIRY_MS / 1000)
      .optional(),
    expires_at: z.iso.datetime({ offset: true }).optional(),
  })
  .superRefine(({ command, payload, expires_in_seconds, expires_at }, context) => {
    const checked = payloads[command].safeParse(payload)
    for (const { path, message } of checked.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: ['payload', ...path], message })
    }
    if (expires_in_seconds !== undefined && expires_at !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['expires_at'],
        message: 'give expires_in_seconds or expires_at, not both',
      })
    }
  })

/** A command as its sender sees it. */
export const DeviceCommand = z
  .strictObject({
    id: z.string(),
    device_id: z.string(),
    command: z.string(),
    payload: z.record(z.string(), z.unknown()),
    status: z.enum(commandStatuses),
    attempts: z.number().int(),
    result: z.unknown(),
    error: z.string().nullable(),
    late_status: z.enum(outcomes).nullable(),
    late_at: z.string().nullable(),
    created_by: z.string().nullable(),
    created_at: z.string(),
    sent_at: z.string().nullable(),
    finished_at: z.string().nullable(),
    expires_at: z.string(),
  })
  .meta({ id: 'DeviceCommand', description: 'Something that a device is told to do.' })

/** A command as its device gets it. `attempt` above 1: it was sent before, and may have been done already. */
export const DueCommand = z
  .strictObject({
    id: z.string(),
    command: z.string(),
    payload: z.record(z.string(), z.unknown()),
    attempt: z.number().int(),
    created_at: z.string(),
    expires_at: z.string(),
  })
  .meta({ id: 'DueCommand', description: 'A command to do now.' })

const ack = {
  status: z.enum(outcomes),
  result: jsonValue(LARGEST_RESULT).optional(),
  error: message(4_000).nullable().optional(),
}

/** How a command ended, as its device says. */
export const CommandAck = z.strictObject(ack)
/** The same as a frame. */
export const AckFrame = z.strictObject({ id: z.guid().toLowerCase(), ...ack })

/** What is stored after an ack: the first one decides. */
export const Acknowledged = z.strictObject({ id: z.string(), status: z.enum(commandStatuses) })

export type NewCommand = z.output<typeof NewCommand>
export type DeviceCommand = z.output<typeof DeviceCommand>
export type DueCommand = z.output<typeof DueCommand>
export type CommandAck = z.output<typeof CommandAck>
