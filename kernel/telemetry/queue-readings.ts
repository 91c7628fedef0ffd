import { PlatformDb } from '../data/platform-db.ts'
import { prepare, type QueryScope } from '../data/prepared.ts'
import { PLATFORM_LANE } from '../events/lane.ts'
import type { Reading, ReadName } from './metric-table.ts'
import type { Readings } from './readings.ts'
import type { Watched } from './telemetry.ts'

const HOUR_MS = 3_600_000
/** Rows that one query counts at most: a queue that long is an alarm, whatever its length. */
const MOST_COUNTED = 10_000
const none: ReadonlySet<string> = new Set()

interface RunsRow {
  readonly plugin: string
  readonly name: string
  readonly status: string
  readonly runs: number
  readonly due: string | Date | null
}

interface WaitingRow {
  readonly deliveries: number
  readonly oldest: string | Date | null
}

const unfinished = prepare<object, RunsRow>(from =>
  from
    .table('job_runs')
    .select('plugin', 'name', 'status')
    .count({ runs: '*' })
    .min({ due: 'run_after' })
    .whereIn('status', ['queued', 'running'])
    .groupBy('plugin', 'name', 'status'),
)

const failed = prepare<{ since: Date }, RunsRow>((from, v) =>
  from
    .table('job_runs')
    .select('plugin', 'name', 'status')
    .count({ runs: '*' })
    .where('status', 'failed')
    .where('finished_at', '>', v.since)
    .groupBy('plugin', 'name', 'status'),
)

const failing = prepare<object, { plugin: string; lanes: number }>(from =>
  from
    .table('outbox_lanes')
    .select('plugin')
    .count({ lanes: '*' })
    .whereNotNull('due_at')
    .where('attempts', '>', 0)
    .groupBy('plugin'),
)

/** Committed events that have no place in the order yet. */
const fresh = prepare<object, WaitingRow>(from => {
  const events = from.table('outbox').select('created_at').whereNull('batch').orderBy('id').limit(MOST_COUNTED)
  return counted(from, events)
})

/** Events between where a lane is and where it was woken for. */
const placed = (lane: 'tenant' | 'platform') =>
  prepare<object, WaitingRow>(from => {
    const events = from
      .table('outbox_lanes')
      .join('outbox', join => {
        join
          .on('outbox.batch', '<=', 'outbox_lanes.wanted_batch')
          .andOn('outbox.batch', '>=', 'outbox_lanes.after_batch')
        if (lane === 'tenant') join.andOn('outbox.tenant_id', '=', 'outbox_lanes.lane')
      })
      .join('outbox_subscriptions', join =>
        join
          .on('outbox_subscriptions.plugin', '=', 'outbox_lanes.plugin')
          .andOn('outbox_subscriptions.event', '=', 'outbox.event'),
      )
      .select('outbox.created_at')
      .where('outbox_subscriptions.scope', lane)
      .whereNotNull('outbox_lanes.due_at')
      .where(ahead =>
        ahead.whereRaw('outbox.batch > outbox_lanes.after_batch').orWhereRaw('outbox.id > outbox_lanes.after_id'),
      )
      .limit(MOST_COUNTED)
    if (lane === 'platform') events.where('outbox_lanes.lane', PLATFORM_LANE).whereNull('outbox.tenant_id')
    return counted(from, events)
  })

const ofTenants = placed('tenant')
const ofPlatform = placed('platform')

type Builder = ReturnType<QueryScope['table']>

const counted = (from: QueryScope, rows: Builder): Builder =>
  (from.table('outbox').from(rows.as('waiting') as never) as Builder)
    .count({ deliveries: '*' })
    .min({ oldest: 'created_at' })

/** How many jobs and events wait, and for how long: six queries beside the writer, each bounded. */
export async function readQueues({ database, now }: Watched): Promise<Readings> {
  const db = new PlatformDb(database, none)
  const time = now().getTime()
  const open = await db.all(unfinished, {})
  const lost = await db.all(failed, { since: new Date(time - HOUR_MS) })
  const stuck = await db.all(failing, {})
  const waiting = [...(await db.all(fresh, {})), ...(await db.all(ofTenants, {})), ...(await db.all(ofPlatform, {}))]
  const due = open.filter(({ status }) => status === 'queued').map(row => row.due)
  const deliveries = waiting.reduce((sum, row) => sum + Number(row.deliveries), 0)
  return new Map<ReadName, readonly Reading[]>([
    ['monozu.jobs', [...open, ...lost].map(toReading)],
    ['monozu.jobs.lateness', [{ value: secondsSince(due, time) }]],
    ['monozu.outbox.waiting', [{ value: Math.min(deliveries, MOST_COUNTED) }]],
    [
      'monozu.outbox.age',
      [
        {
          value: secondsSince(
            waiting.map(row => row.oldest),
            time,
          ),
        },
      ],
    ],
    [
      'monozu.outbox.failing',
      stuck.map(({ plugin, lanes }) => ({ value: Number(lanes), attributes: { 'monozu.plugin': plugin } })),
    ],
  ])
}

const toReading = ({ plugin, name, status, runs }: RunsRow): Reading => ({
  value: Number(runs),
  attributes: { 'monozu.plugin': plugin, 'monozu.job': name, 'monozu.job.state': status },
})

/** Seconds since the earliest of these times; 0 when there is none, or it is to come. */
function secondsSince(times: readonly (string | Date | null)[], now: number): number {
  const passed = times.map(time => (time === null ? 0 : (now - new Date(time).getTime()) / 1000))
  return Math.max(0, ...passed)
}
