import Database from 'better-sqlite3'
import { newId } from '../kernel/data/id.ts'

/** An event as an agent sends it: half of them telemetry, half log lines, each with an id. */
export interface SampleEvent {
  readonly id: string
  readonly kind: 'telemetry' | 'log'
  readonly timestamp: string
  readonly data: object
}

/** The batch number `turn` of a device. As JSON an event takes about 160 bytes. */
export function sampleBatch(device: string, turn: number, size: number): SampleEvent[] {
  const timestamp = new Date().toISOString()
  return Array.from({ length: size }, (_, at): SampleEvent => {
    const id = `${device}-${turn}-${at}`
    if (at % 2 === 0) return { id, kind: 'telemetry', timestamp, data: reading(at) }
    const message = `connection to 10.1.${turn & 255}.${at & 255} was refused`
    return { id, kind: 'log', timestamp, data: { level: 'warn', message, source: 'edge-agent' } }
  })
}

const reading = (at: number): object => ({
  cpu_percent: at % 100,
  memory_percent: 44.5,
  interface: 'eth0',
  rx_bytes: 123_456 + at,
  tx_bytes: 654_321,
})

const columns = ['id', 'tenant_id', 'device_id', 'event_id', 'kind', 'timestamp', 'data', 'created_at'] as const

/** A row of `ingest_events`, ready to be bound. */
export type EventRow = Readonly<Record<(typeof columns)[number], string>>

/** The rows of a batch. */
export function rowsOf(batch: readonly SampleEvent[], tenant_id: string, device_id: string): EventRow[] {
  const created_at = new Date().toISOString()
  return batch.map(({ id, kind, timestamp, data }) => ({
    id: newId(),
    tenant_id,
    device_id,
    event_id: id,
    kind,
    timestamp,
    data: JSON.stringify(data),
    created_at,
  }))
}

/**
 * The yardstick: a prepared statement in a transaction of better-sqlite3, on a file with the same tables. Foreign keys are
 * checked, and every commit is synced, as in the product.
 */
export function bareWriter(file: string): { write(rows: readonly EventRow[]): void; close(): void } {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('foreign_keys = ON')
  db.pragma('cache_size = -16000')
  const insert = db.prepare(`INSERT INTO ingest_events (${columns}) VALUES (${columns.map(name => `@${name}`)})`)
  const write = db.transaction((rows: readonly EventRow[]) => {
    for (const row of rows) insert.run(row)
  })
  return { write, close: () => void db.close() }
}
