import type { Database } from '../../db/database.ts'
import { PlatformDb } from '../data/platform-db.ts'
import type { Log } from '../log/log.ts'
import { type RevisionName, readRevision } from './revisions.ts'

const POLL_MS = 2000

interface RevisionWatchOptions {
  readonly database: Database
  readonly name: RevisionName
  readonly log: Log
  /** Called with the number that was read; a rejection is logged and the next poll tries again. */
  readonly seen: (revision: number) => void | Promise<void>
  /** Called when the database cannot say. */
  readonly failed?: () => void
}

/** Reads one row of `revisions` every two seconds, so that all instances notice what any of them wrote. */
export class RevisionWatch {
  readonly #options: RevisionWatchOptions
  readonly #db: PlatformDb
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #failing = false

  constructor(options: RevisionWatchOptions) {
    this.#options = options
    this.#db = new PlatformDb(options.database, new Set())
  }

  /** Reads the row now. Callers at the same time share the one that starts after they asked. */
  async check(): Promise<void> {
    const before = this.#running
    if (before) await before.catch(() => undefined)
    this.#running ??= this.#read().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#poll(), POLL_MS).unref()
  }

  /** Stops polling; resolves when a poll under way is through. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#running?.catch(() => undefined)
  }

  async #read(): Promise<void> {
    await this.#options.seen(await readRevision(this.#db, this.#options.name))
  }

  async #poll(): Promise<void> {
    if (this.#running) return
    const { log, name, failed } = this.#options
    try {
      await this.check()
      if (this.#failing) log.info({ revision: name }, 'reading the revision works again')
      this.#failing = false
    } catch (error) {
      failed?.()
      if (!this.#failing) log.warn({ revision: name, err: error }, 'cannot read the revision; trying again')
      this.#failing = true
    }
  }
}
