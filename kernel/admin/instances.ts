import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../../db/database.ts'
import { newId } from '../data/id.ts'
import { PlatformDb } from '../data/platform-db.ts'
import type { Log } from '../log/log.ts'
import type { PluginSummary } from '../plugins/catalogue.ts'

const TABLE = 'instances'
/** Between two reports. */
const REPORT_MS = 15_000
/** Who has not reported for so long is gone. */
const GONE_MS = 60_000
/** Who has not reported for so long is forgotten. */
const FORGET_MS = 24 * 60 * 60_000
/** Longest that a stop waits to be taken off the list. */
const LEAVE_MS = 1_000
const PRUNE_EVERY_MS = 60 * 60_000

/** A process of the server, as it was when it reported last. Times are ISO 8601. */
export interface Instance {
  readonly id: string
  readonly host: string
  readonly roles: readonly string[]
  readonly version: string
  readonly state: 'running' | 'gone'
  readonly plugins: readonly PluginSummary[]
  readonly startedAt: string
  readonly seenAt: string
}

interface InstancesOptions {
  readonly database: Database
  readonly log: Log
  now(): Date
  readonly version: string
  readonly roles: readonly string[]
  plugins(): readonly PluginSummary[]
}

interface Row {
  readonly id: string
  readonly host: string
  readonly roles: string
  readonly version: string
  readonly plugins: string
  readonly started_at: string
  readonly seen_at: string
}

/** What the processes of the server tell of themselves, in the database, so that an operator sees all of them at any. */
export class Instances {
  /** Of this process, from its start to its end. */
  readonly id = newId()
  readonly #options: InstancesOptions
  readonly #db: PlatformDb
  readonly #startedAt: Date
  #timer: NodeJS.Timeout | undefined
  #reporting: Promise<void> | undefined
  #failing = false
  #prunedAt = 0

  constructor(options: InstancesOptions) {
    this.#options = options
    this.#db = new PlatformDb(options.database, new Set())
    this.#startedAt = options.now()
  }

  /** Reports now, and every quarter of a minute. */
  async start(): Promise<void> {
    await this.#tick()
    this.#timer = setInterval(() => void this.#tick(), REPORT_MS).unref()
  }

  /** Says how this process is now. */
  report(): Promise<void> {
    this.#reporting ??= this.#report().finally(() => {
      this.#reporting = undefined
    })
    return this.#reporting
  }

  /** Takes this process off the list; without the database it stays until it is forgotten: a stop does not wait for that. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    const leaving = this.#leave().catch((error: unknown) =>
      this.#options.log.debug(error as Error, 'this instance stays on the list for a while'),
    )
    await Promise.race([leaving, pause(LEAVE_MS, undefined, { ref: false })])
  }

  /** All that reported within a day, those that reported last first. */
  async list(): Promise<Instance[]> {
    const rows: Row[] = await this.#db.table(TABLE).select('*').orderBy('seen_at', 'desc').orderBy('id')
    const gone = this.#options.now().getTime() - GONE_MS
    return rows.map(row => ({
      id: row.id,
      host: row.host,
      roles: row.roles.split(' '),
      version: row.version,
      state: Date.parse(row.seen_at) < gone ? 'gone' : 'running',
      plugins: JSON.parse(row.plugins),
      startedAt: row.started_at,
      seenAt: row.seen_at,
    }))
  }

  async #leave(): Promise<void> {
    await this.#reporting?.catch(() => undefined)
    await this.#db.table(TABLE).where('id', this.id).delete()
  }

  async #tick(): Promise<void> {
    try {
      await this.report()
      this.#failing = false
    } catch (error) {
      if (!this.#failing) this.#options.log.warn(error as Error, 'this instance could not report itself; trying again')
      this.#failing = true
    }
  }

  async #report(): Promise<void> {
    const { now, version, roles, plugins } = this.#options
    const at = now()
    const row = {
      id: this.id,
      host: hostname().slice(0, 255),
      roles: roles.join(' '),
      version: version.slice(0, 40),
      plugins: JSON.stringify(plugins()),
      started_at: this.#startedAt,
      seen_at: at,
    }
    await this.#db.upsert(TABLE, [row], ['id'])
    if (Math.abs(at.getTime() - this.#prunedAt) < PRUNE_EVERY_MS) return
    this.#prunedAt = at.getTime()
    await this.#db
      .table(TABLE)
      .where('seen_at', '<', new Date(at.getTime() - FORGET_MS))
      .delete()
  }
}
