import { z } from 'zod'

/** Where an alert comes from. */
export const sources = ['device', 'vulnerability'] as const
/** How far people are with it. */
export const statuses = ['open', 'acknowledged', 'closed'] as const
/** How bad it is, worst first. */
export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const
/** Why an alert was closed. */
export const closeReasons = ['resolved', 'false_positive', 'expected', 'duplicate', 'other'] as const

/** Most alerts that are changed at once. */
const MOST_AT_ONCE = 200

const severity = z.enum(severities)
const id = z.guid().toLowerCase()
const time = z.string().nullable()

/** An alert as the API shows it. */
export const Alert = z
  .strictObject({
    id: z.string(),
    source: z.enum(sources),
    status: z.enum(statuses),
    severity,
    title: z.string(),
    description: z.string().nullable(),
    source_ip: z.string().nullable(),
    destination_ip: z.string().nullable(),
    device_id: z.string().nullable().describe('The device that raised it.'),
    asset_id: z.string().nullable().describe('The asset it is about, where there is exactly one.'),
    cve_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()).describe('What else is known of it.'),
    occurrences: z.int().describe('How often it came while it was not closed.'),
    occurred_at: z.string().describe('When it came first.'),
    last_seen_at: z.string().describe('When it came last.'),
    assignee_id: z.string().nullable(),
    acknowledged_at: time,
    acknowledged_by: z.string().nullable(),
    closed_at: time,
    closed_by: z.string().nullable(),
    close_reason: z.enum(closeReasons).nullable(),
    close_note: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'SecurityAlert', description: 'Something that may be an attack, or makes one possible.' })

/** Who works on it; null: nobody. */
export const Assignment = z.strictObject({ user_id: id.nullable() })

const note = z
  .string()
  .trim()
  .min(1)
  .max(4000)
  .refine(value => !value.includes('\0') && value.isWellFormed(), 'must be text without NUL characters')
const closing = { reason: z.enum(closeReasons), note: note.nullable().default(null) }
const isExplained = (closing: { reason: string; note: string | null }): boolean =>
  closing.reason !== 'other' || closing.note !== null
const unexplained = { path: ['note'], message: 'must say why when the reason is "other"' }
const alert_ids = z
  .array(id)
  .min(1)
  .max(MOST_AT_ONCE)
  .transform(ids => [...new Set(ids)])

/** Why an alert is closed. */
export const Closing = z.strictObject(closing).refine(isExplained, unexplained)
/** Alerts to be acknowledged. */
export const Acknowledgements = z.strictObject({ alert_ids })
/** Alerts to be closed for one reason. */
export const Closings = z.strictObject({ alert_ids, ...closing }).refine(isExplained, unexplained)

/** What became of several alerts. */
export const BulkReport = z
  .strictObject({
    changed: z.int(),
    unchanged: z.int().describe('Those that others had acknowledged or closed already.'),
  })
  .meta({ id: 'SecurityBulkReport' })

const counts = <const K extends readonly [string, ...string[]]>(keys: K) => z.record(z.enum(keys), z.int())

/** Numbers of alerts. */
export const AlertSummary = z
  .strictObject({
    total: z.int(),
    active: z.int().describe('Those that are not closed.'),
    by_status: counts(statuses),
    by_severity: counts(severities).describe('Of those that are not closed.'),
  })
  .meta({ id: 'SecuritySummary' })

export type Alert = z.output<typeof Alert>
export type AlertStatus = (typeof statuses)[number]
export type Severity = (typeof severities)[number]
export type Closing = z.output<typeof Closing>
export type AlertSummary = z.output<typeof AlertSummary>
export type BulkReport = z.output<typeof BulkReport>
