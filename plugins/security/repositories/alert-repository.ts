import { newId, prepare, type TenantDb } from '../../../kernel/contract.ts'
import { type AlertStatus, type AlertSummary, type Severity, severities, statuses } from '../alert.ts'
import { type AlertRow, alertColumns } from './alert-list.ts'

/** SQL Server binds at most 2,100 values in a statement; an alert has 28. */
const INSERTED_AT_ONCE = 70
const LOOKED_UP_AT_ONCE = 500

const byId = prepare<{ id: string }, AlertRow>((from, v) =>
  from
    .table('security_alerts')
    .where('id', v.id)
    .select(...alertColumns),
)

const counted = prepare<object, { status: AlertStatus; severity: Severity; total: number }>(from =>
  from.table('security_alerts').groupBy('status', 'severity').select('status', 'severity').count({ total: '*' }),
)

/** An alert before it is stored. */
export type NewAlert = Pick<
  AlertRow,
  | 'source'
  | 'severity'
  | 'title'
  | 'description'
  | 'source_ip'
  | 'destination_ip'
  | 'device_id'
  | 'asset_id'
  | 'cve_id'
  | 'data'
  | 'occurrences'
  | 'occurred_at'
  | 'last_seen_at'
  | 'dedupe_key'
>

/** What a person changes. */
export type AlertChange = Partial<
  Pick<
    AlertRow,
    | 'status'
    | 'assignee_id'
    | 'acknowledged_at'
    | 'acknowledged_by'
    | 'closed_at'
    | 'closed_by'
    | 'close_reason'
    | 'close_note'
    | 'dedupe_key'
  >
>

/** Alerts of the call's tenant. */
export class AlertRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  find(id: string): Promise<AlertRow | undefined> {
    return this.#db.first(byId, { id })
  }

  byIds(ids: readonly string[]): Promise<AlertRow[]> {
    return this.#in('id', ids)
  }

  /** Those that count repeats under one of these keys. */
  byKeys(keys: readonly string[]): Promise<AlertRow[]> {
    return this.#in('dedupe_key', keys)
  }

  async insert(alerts: readonly NewAlert[], now: Date): Promise<AlertRow[]> {
    const time = now.toISOString()
    const rows = alerts.map(
      (alert): AlertRow => ({
        id: newId(),
        ...alert,
        status: 'open',
        assignee_id: null,
        acknowledged_at: null,
        acknowledged_by: null,
        closed_at: null,
        closed_by: null,
        close_reason: null,
        close_note: null,
        pushed_at: time,
        created_at: time,
        updated_at: time,
        revision: 1,
      }),
    )
    for (let start = 0; start < rows.length; start += INSERTED_AT_ONCE) {
      await this.#db.table('security_alerts').insert(rows.slice(start, start + INSERTED_AT_ONCE))
    }
    return rows
  }

  /** Counts repeats of an alert. False when it was closed meanwhile. */
  async repeat(
    row: AlertRow,
    times: number,
    { last_seen_at, pushed_at }: Pick<AlertRow, 'last_seen_at' | 'pushed_at'>,
    now: Date,
  ): Promise<boolean> {
    const changed = await this.#db
      .table('security_alerts')
      .where('id', row.id)
      .whereNot('status', 'closed')
      .update({ last_seen_at, pushed_at, updated_at: now.toISOString() })
      .increment({ occurrences: times, revision: 1 })
    return changed > 0
  }

  /** Lets the next one of its kind be an alert of its own. */
  async release(ids: readonly string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += LOOKED_UP_AT_ONCE) {
      const batch = ids.slice(start, start + LOOKED_UP_AT_ONCE)
      await this.#db.table('security_alerts').whereIn('id', batch).update({ dedupe_key: null })
    }
  }

  /** False when it is no longer as it was; repeats that were counted meanwhile do not matter. */
  async change({ id, status }: AlertRow, change: AlertChange, now: Date): Promise<boolean> {
    const changed = await this.#db
      .table('security_alerts')
      .where({ id, status })
      .update({ ...change, updated_at: now.toISOString(), pushed_at: now.toISOString() })
      .increment({ revision: 1 })
    return changed > 0
  }

  /** Ids of alerts of these severities that were stored since a time, the oldest first. */
  async raisedSince(time: Date, severities: readonly Severity[], most: number): Promise<string[]> {
    const rows: { id: string }[] = await this.#db
      .table('security_alerts')
      .where('created_at', '>=', time.toISOString())
      .whereIn('severity', severities)
      .orderBy('created_at')
      .limit(most)
      .select('id')
    return rows.map(({ id }) => id)
  }

  /** One pass over an index that holds all it counts. */
  async summary(): Promise<AlertSummary> {
    const summary = { total: 0, active: 0, by_status: noneOf(statuses), by_severity: noneOf(severities) }
    for (const row of await this.#db.all(counted, {})) {
      const total = Number(row.total)
      summary.total += total
      summary.by_status[row.status] += total
      if (row.status === 'closed') continue
      summary.active += total
      summary.by_severity[row.severity] += total
    }
    return summary
  }

  async #in(column: string, values: readonly string[]): Promise<AlertRow[]> {
    const found: AlertRow[] = []
    for (let start = 0; start < values.length; start += LOOKED_UP_AT_ONCE) {
      const batch = values.slice(start, start + LOOKED_UP_AT_ONCE)
      const query = this.#db.table('security_alerts').whereIn(column, batch)
      found.push(...((await query.select(...alertColumns)) as AlertRow[]))
    }
    return found
  }
}

const noneOf = <K extends string>(keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map(key => [key, 0])) as Record<K, number>
