import { z } from 'zod'
import { contains, defineList, equals, type Filter, oneOf } from '../../../kernel/contract.ts'
import { Alert } from '../alert.ts'

/** A row of `security_alerts`. */
export interface AlertRow extends Omit<Alert, 'details'> {
  /** JSON. */
  readonly data: string
  /** While it is set, a repeat is counted here: what it stands for is in `dedupe-key.ts`. */
  readonly dedupe_key: string | null
  /** When sockets were last told of it. */
  readonly pushed_at: string | null
  readonly revision: number
}

export const alertColumns = [
  'id',
  'source',
  'status',
  'severity',
  'title',
  'description',
  'source_ip',
  'destination_ip',
  'device_id',
  'asset_id',
  'cve_id',
  'data',
  'occurrences',
  'occurred_at',
  'last_seen_at',
  'assignee_id',
  'acknowledged_at',
  'acknowledged_by',
  'closed_at',
  'closed_by',
  'close_reason',
  'close_note',
  'created_at',
  'updated_at',
  'dedupe_key',
  'pushed_at',
  'revision',
] as const

/** The row as the API shows it. */
export const toAlert = ({
  data,
  dedupe_key: _key,
  pushed_at: _pushed,
  revision: _revision,
  ...row
}: AlertRow): Alert => ({
  ...row,
  details: JSON.parse(data) as Record<string, unknown>,
})

const time = z.iso.datetime({ offset: true }).transform(text => new Date(text).toISOString())
const seenSince: Filter<typeof time> = {
  schema: time,
  where: (query, value) => {
    query.where('last_seen_at', '>=', value)
  },
}
const id = z.guid().toLowerCase()

/** The list of alerts: filters, orders and pages. */
export const alertList = defineList({
  table: 'security_alerts',
  columns: alertColumns,
  sorts: { last_seen_at: 'last_seen_at', created_at: 'created_at' },
  defaultSort: '-last_seen_at',
  filters: {
    q: contains('title', 'description', 'source_ip', 'destination_ip', 'cve_id'),
    status: oneOf('status', Alert.shape.status),
    severity: oneOf('severity', Alert.shape.severity),
    source: oneOf('source', Alert.shape.source),
    device_id: equals('device_id', id),
    asset_id: equals('asset_id', id),
    assignee_id: equals('assignee_id', id),
    since: seenSince,
  },
  item: toAlert,
})
