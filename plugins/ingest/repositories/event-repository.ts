import { newId, prepare, type TenantDb } from '../../../kernel/contract.ts'
import type { ReceivedEvent } from '../batch.ts'

/** An event with the id of its row. */
export interface StoredEvent extends ReceivedEvent {
  readonly id: string
}

interface EventRow {
  readonly id: string
  readonly device_id: string
  readonly event_id: string | null
  readonly kind: string
  readonly timestamp: string
  readonly data: string
  readonly created_at: string
}

const COLUMNS = ['id', 'device_id', 'event_id', 'kind', 'timestamp', 'data', 'created_at'] as const
const KEY = ['device_id', 'event_id']
/** Ids that one statement names; SQL Server takes 2,100 values. */
const LOOKED_UP = 500

/** Knex takes longer to build an insert of many rows than SQLite takes to run it, so these are built once. */
const insertions = [200, 50, 10, 1].map(size => {
  const names = Array.from({ length: size }, (_, at) => COLUMNS.map(column => `${column}${at}`))
  const query = prepare<Record<string, string | null>, never>((from, v) =>
    from
      .table('ingest_events')
      .insert(names.map(row => Object.fromEntries(row.map((name, at) => [COLUMNS[at], v[name]])))),
  )
  return { size, names, query }
})

/** Events of the tenant's devices. */
export class EventRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  /**
   * Stores events of a device, but for those whose ids it has sent before; inside the caller's transaction.
   * @returns those that are new, in their order
   */
  async insert(deviceId: string, events: readonly ReceivedEvent[], now: Date): Promise<readonly StoredEvent[]> {
    const stored = withoutRepeats(events).map(event => ({ ...event, id: newId() }))
    const time = now.toISOString()
    const rows = stored.map(({ id, eventId, kind, timestamp, json }): EventRow => {
      return { id, device_id: deviceId, event_id: eventId, kind, timestamp, data: json, created_at: time }
    })
    const known = new Set<string>()
    let start = 0
    for (const { size, names, query } of insertions) {
      for (; start + size <= rows.length; start += size) {
        const part = rows.slice(start, start + size)
        try {
          await this.#db.all(query, bound(part, names))
        } catch (error) {
          if (!this.#db.dialect.isUniqueViolation(error)) throw error
          for (const id of await this.#insertNew(deviceId, part)) known.add(id)
        }
      }
    }
    return known.size > 0 ? stored.filter(({ id }) => !known.has(id)) : stored
  }

  /** Deletes the oldest `most` of those that came before a time. Answers how many. */
  async deleteBefore(time: Date, most: number): Promise<number> {
    const oldest = this.#db
      .table('ingest_events')
      .where('created_at', '<', time.toISOString())
      .orderBy('created_at')
      .limit(most)
      .select('id')
    return this.#db.table('ingest_events').whereIn('id', oldest).delete()
  }

  /** Inserts rows some of which are there already. Answers the ids of those that were left out for that. */
  async #insertNew(deviceId: string, rows: readonly EventRow[]): Promise<string[]> {
    await this.#db.upsert(
      'ingest_events',
      rows.filter(({ event_id }) => event_id !== null).map(row => ({ ...row })),
      KEY,
      [],
    )
    const anonymous = rows.filter(({ event_id }) => event_id === null)
    if (anonymous.length > 0) await this.#db.table('ingest_events').insert(anonymous)
    const added = new Set<string>()
    for (let at = 0; at < rows.length; at += LOOKED_UP) {
      const ids = rows.slice(at, at + LOOKED_UP).map(({ id }) => id)
      const found: { id: string }[] = await this.#db
        .table('ingest_events')
        .where('device_id', deviceId)
        .whereIn('id', ids)
        .select('id')
      for (const { id } of found) added.add(id)
    }
    return rows.filter(({ id }) => !added.has(id)).map(({ id }) => id)
  }
}

/** Of several events with one id the first. */
function withoutRepeats(events: readonly ReceivedEvent[]): readonly ReceivedEvent[] {
  const ids = new Set<string>()
  return events.filter(({ eventId }) => {
    if (eventId === null) return true
    if (ids.has(eventId)) return false
    ids.add(eventId)
    return true
  })
}

function bound(rows: readonly EventRow[], names: readonly (readonly string[])[]): Record<string, string | null> {
  const values: Record<string, string | null> = {}
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as EventRow
    const places = names[at] as readonly string[]
    for (let index = 0; index < COLUMNS.length; index++) {
      values[places[index] as string] = row[COLUMNS[index] as keyof EventRow]
    }
  }
  return values
}
