import { z } from 'zod'
import { defineList, equals, type Filter, oneOf } from '../../../kernel/contract.ts'
import { shownId } from '../event-id.ts'
import { IngestEvent } from '../ingest-event.ts'

interface EventRow {
  readonly id: string
  readonly device_id: string
  readonly event_id: string | null
  readonly kind: IngestEvent['kind']
  readonly timestamp: string
  readonly data: string
  readonly created_at: string
}

const toEvent = (row: EventRow): IngestEvent => ({
  id: row.id,
  device_id: row.device_id,
  event_id: row.event_id === null ? null : shownId(row.event_id),
  kind: row.kind,
  timestamp: row.timestamp,
  data: JSON.parse(row.data) as Record<string, unknown>,
  received_at: row.created_at,
})

/** A time with any offset, in UTC. */
const time = z.iso.datetime({ offset: true }).transform(text => new Date(text).toISOString())

const received = (operator: '>=' | '<'): Filter<typeof time> => ({
  schema: time,
  where: (query, value) => {
    query.where('created_at', operator, value)
  },
})

/** The list of events: in the order in which they came, which is how each of its filters is indexed. */
export const eventList = defineList({
  table: 'ingest_events',
  columns: ['id', 'device_id', 'event_id', 'kind', 'timestamp', 'data', 'created_at'],
  sorts: { received_at: 'created_at' },
  defaultSort: '-received_at',
  filters: {
    device_id: equals('device_id', z.guid().toLowerCase()),
    kind: oneOf('kind', IngestEvent.shape.kind),
    since: received('>='),
    until: received('<'),
  },
  item: toEvent,
})
