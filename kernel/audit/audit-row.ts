/** A line as it is stored. Times are ISO 8601 UTC text to the millisecond, on both databases. */
export interface AuditRow {
  readonly id: string
  readonly user_id: string | null
  readonly actor_kind: string
  readonly actor_id: string | null
  readonly action: string
  readonly resource_type: string
  readonly resource_id: string | null
  /** JSON, as is `after`. */
  readonly before: string | null
  readonly after: string | null
  readonly ip_address: string | null
  readonly trace_id: string | null
  readonly created_at: string
  /** The place in the chain; null until the line is sealed, as is `hash`. */
  readonly sequence: number | null
  readonly hash: string | null
}

/** A line that has its place in the chain. */
export interface SealedRow extends AuditRow {
  readonly sequence: number
  readonly hash: string
}

const recorded = [
  'id',
  'user_id',
  'actor_kind',
  'actor_id',
  'action',
  'resource_type',
  'resource_id',
  'before',
  'after',
  'ip_address',
  'trace_id',
  'created_at',
] as const

/** All columns that are shown, in the order of exports. */
export const auditColumns = [...recorded, 'sequence', 'hash'] as const satisfies readonly (keyof AuditRow)[]

/**
 * The text of a line that its hash covers: JSON without blanks, fields in the order of `auditColumns` without the hash,
 * `before` and `after` letter by letter as stored. A line of a JSON export is this text with `"hash"` as one more field, so
 * that nobody has to write JSON in the same way as we do to check it.
 * @param sequence the place that the line has, or would have
 */
export function recordOf(row: AuditRow, sequence: number | null): string {
  let text = '{'
  for (const name of recorded) {
    const value = row[name]
    const json = name === 'before' || name === 'after' ? asStored(value) : JSON.stringify(value)
    text += `"${name}":${json},`
  }
  return `${text}"sequence":${sequence}}`
}

/** A line of the JSON export. */
export const exportedRecord = (row: AuditRow): string =>
  `${recordOf(row, row.sequence).slice(0, -1)},"hash":${JSON.stringify(row.hash)}}`

/** Text that is no JSON did not come from us; it must neither stop a check nor pass for something else. */
function asStored(text: string | null): string {
  if (text === null) return 'null'
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify({ _not_json: text })
  }
}
