import type { JobParameters } from 'agenda'
import type { Row } from '../../db/database.ts'

/** The table that holds Agenda's jobs. */
export const AGENDA_TABLE = 'agenda_jobs'

/** Longest reason of a failure that is kept, in characters. */
const MAX_REASON = 2000

type Kind = 'text' | 'number' | 'flag' | 'time' | 'json' | 'interval'

/** Agenda's name of each stored attribute, the column that holds it, and how. */
const columns: Readonly<Record<string, readonly [column: string, kind: Kind]>> = {
  _id: ['id', 'text'],
  name: ['name', 'text'],
  type: ['type', 'text'],
  priority: ['priority', 'number'],
  data: ['data', 'json'],
  nextRunAt: ['next_run_at', 'time'],
  lockedAt: ['locked_at', 'time'],
  lastRunAt: ['last_run_at', 'time'],
  lastFinishedAt: ['last_finished_at', 'time'],
  failedAt: ['failed_at', 'time'],
  failCount: ['fail_count', 'number'],
  failReason: ['fail_reason', 'text'],
  repeatInterval: ['repeat_interval', 'interval'],
  repeatTimezone: ['repeat_timezone', 'text'],
  repeatAt: ['repeat_at', 'text'],
  disabled: ['disabled', 'flag'],
  progress: ['progress', 'number'],
  fork: ['fork', 'flag'],
  startDate: ['start_date', 'time'],
  endDate: ['end_date', 'time'],
  skipDays: ['skip_days', 'json'],
  debounceStartedAt: ['debounce_started_at', 'time'],
  lastModifiedBy: ['last_modified_by', 'text'],
}

/** The attributes that `saveJobState` writes: those the processor owns, and when the job runs next. */
export const STATE_ATTRIBUTES = [
  'lockedAt',
  'nextRunAt',
  'lastRunAt',
  'progress',
  'failReason',
  'failCount',
  'failedAt',
  'lastFinishedAt',
] as const

/** The column of an attribute. Throws a TypeError for one that is not stored. */
export function columnOf(attribute: string): string {
  const known = columns[attribute]
  if (!known) throw new TypeError(`Agenda jobs have no attribute "${attribute}"`)
  return known[0]
}

function toColumn(value: unknown, kind: Kind): Row[string] {
  if (kind === 'flag') return value === true
  if (value === undefined || value === null || value === '') return null
  if (kind === 'json') return JSON.stringify(value)
  if (kind === 'time') return new Date(value as Date)
  if (kind === 'interval') return String(value)
  return typeof value === 'string' ? value.slice(0, MAX_REASON) : value
}

function fromColumn(value: unknown, kind: Kind): unknown {
  if (kind === 'json') return JSON.parse(String(value))
  if (kind === 'time') return new Date(String(value))
  if (kind === 'flag') return Boolean(value)
  if (kind === 'interval') return /^\d+$/.test(String(value)) ? Number(value) : String(value)
  return value
}

/** The columns of those attributes that `job` names; an attribute that is there but undefined becomes NULL. */
export function toRow(job: Partial<JobParameters>): Row {
  const row: Row = {}
  for (const [attribute, [column, kind]] of Object.entries(columns)) {
    if (attribute in job) row[column] = toColumn(job[attribute as keyof JobParameters], kind)
  }
  return row
}

/** A stored job as Agenda knows it: NULL columns are absent, except `nextRunAt`, which is null. */
export function fromRow<DATA = unknown>(row: Row): JobParameters<DATA> {
  const job: Record<string, unknown> = { nextRunAt: null, data: undefined }
  for (const [attribute, [column, kind]] of Object.entries(columns)) {
    const value = row[column]
    if (value !== null && value !== undefined) job[attribute] = fromColumn(value, kind)
  }
  return job as unknown as JobParameters<DATA>
}
