import type { Database } from '../../../db/database.ts'
import { PlatformDb } from '../../data/platform-db.ts'
import type { Log } from '../../log/log.ts'

/** How often the use of one key is written, and how long what was used waits for others to be written with. */
const EVERY_MS = 60_000
const GATHER_MS = 1_000
const MOST_KEYS = 10_000

interface Use {
  readonly at: Date
  readonly address: string
}

/** Writes when, and from where, API keys were last used: once a minute each at most, and never while a request waits. */
export class LastUse {
  readonly #database: Database
  readonly #log: Log
  readonly #written = new Map<string, number>()
  #waiting = new Map<string, Use>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor({ database, log }: { readonly database: Database; readonly log: Log }) {
    this.#database = database
    this.#log = log
  }

  /** Notes that a key was used. */
  note(id: string, now: Date, address: () => string): void {
    const time = now.getTime()
    const last = this.#written.get(id)
    if (last !== undefined && time - last < EVERY_MS && time >= last) return
    if (this.#written.size >= MOST_KEYS && last === undefined) this.#written.clear()
    this.#written.set(id, time)
    this.#waiting.set(id, { at: now, address: address() })
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref()
  }

  /** Writes what waits; resolves when it is written, or could not be. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const uses = this.#waiting
    this.#waiting = new Map()
    if (uses.size > 0) this.#writing = this.#writing.then(() => this.#write(uses))
    return this.#writing
  }

  async #write(uses: ReadonlyMap<string, Use>): Promise<void> {
    const db = new PlatformDb(this.#database, new Set())
    try {
      await db.transaction(async () => {
        for (const [id, { at, address }] of uses) {
          await db
            .table('api_keys')
            .where({ id })
            .update({ last_used_at: at, last_used_ip: address.slice(0, 45) || null })
        }
      })
    } catch (error) {
      this.#log.warn({ err: error, keys: uses.size }, 'when API keys were last used could not be written')
    }
  }
}
