import { randomUUID } from 'node:crypto'

/** What a device tells; the id makes a repeat harmless. */
export interface EdgeEvent {
  readonly id: string
  readonly kind: 'telemetry' | 'log' | 'security_alert' | 'discovery' | 'backup_event'
  /** ISO 8601. */
  readonly timestamp: string
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * Events that are not uploaded yet, in order of time. Bounded: when it is full the oldest measurement goes, and only
 * where there is none, the oldest event.
 */
export class EventBuffer {
  readonly #most: number
  #events: EdgeEvent[] = []
  #dropped = 0

  constructor(most = 10_000) {
    this.#most = most
  }

  get size(): number {
    return this.#events.length
  }

  /** Events that were given up for want of room. */
  get dropped(): number {
    return this.#dropped
  }

  add(kind: EdgeEvent['kind'], data: EdgeEvent['data'], at = new Date()): void {
    this.#events.push({ id: randomUUID(), kind, timestamp: at.toISOString(), data })
    if (this.#events.length <= this.#most) return
    const oldest = this.#events.findIndex(event => event.kind === 'telemetry')
    this.#events.splice(Math.max(0, oldest), 1)
    this.#dropped += 1
  }

  /** The oldest events, which stay until `uploaded` names them. */
  batch(most = 500): readonly EdgeEvent[] {
    return this.#events.slice(0, most)
  }

  /** The server has them on disk. */
  uploaded(batch: readonly EdgeEvent[]): void {
    const ids = new Set(batch.map(({ id }) => id))
    this.#events = this.#events.filter(({ id }) => !ids.has(id))
  }
}
