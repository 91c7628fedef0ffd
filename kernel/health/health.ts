import type { Database } from '../../db/database.ts'
import type { Backplane } from '../backplane/backplane.ts'
import { PlatformDb } from '../data/platform-db.ts'
import type { Lifecycle } from '../http/app.ts'
import type { Log } from '../log/log.ts'
import type { Catalogue } from '../plugins/catalogue.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { type Fault, pluginFault, pluginFaults } from './plugin-faults.ts'

const PING_TIMEOUT_MS = 2_000

/** What a health endpoint says. */
export interface Health {
  readonly httpStatus: number
  readonly body: {
    readonly status: 'ok' | 'degraded' | 'starting' | 'stopping' | 'unavailable'
    /** What is wrong, by the name of the part: its state, or for operators the reason. */
    readonly problems?: Readonly<Record<string, string>>
  }
}

/** What health is read from. */
export interface HealthParts {
  readonly database: Database
  readonly catalogue: Catalogue
  readonly backplane: Pick<Backplane, 'fault'>
  readonly log: Log
  lifecycle(): Lifecycle
}

const noDatabase: Fault = { name: 'database', state: 'does not answer', reason: 'does not answer' }
const noRoom: Fault = { name: 'storage', state: 'full', reason: 'the database has no room left to write' }

/** Tells whether this instance should get requests, and what is wrong with it. Changes are logged, with the reasons. */
export class HealthChecks {
  readonly #parts: HealthParts
  readonly #answers: () => Promise<boolean>
  readonly #hasRoom: () => Promise<boolean>
  #full = false
  #said = ''

  constructor(parts: HealthParts) {
    this.#parts = parts
    this.#answers = oneAtATime(() => parts.database.ping(), PING_TIMEOUT_MS)
    this.#hasRoom = oneAtATime(() => this.#write(), PING_TIMEOUT_MS)
  }

  /** A write has failed for want of room: from now on a probe tries a small one, until that succeeds. */
  storageFull(): void {
    this.#full = true
  }

  /**
   * `/health/ready`: 503 while starting, stopping, without a database, or without room to write; 200 `degraded` when a
   * plugin does not run or its own check fails, or other instances are not reached, so that a balancer keeps the instance and an operator sees it.
   * @param reasons true: problems say why (for operators), else only the state
   */
  async ready(reasons: boolean): Promise<Health> {
    const lifecycle = this.#parts.lifecycle()
    if (lifecycle !== 'running') {
      return { httpStatus: 503, body: { status: lifecycle === 'starting' ? lifecycle : 'stopping' } }
    }
    const outage = await this.#outage()
    const faults = outage ? [outage] : [...(await pluginFaults(this.#parts.catalogue)), ...this.#unreached()]
    this.#logChange(faults, outage !== undefined)
    if (outage) return answer(503, 'unavailable', faults, reasons)
    return faults.length > 0 ? answer(200, 'degraded', faults, reasons) : { httpStatus: 200, body: { status: 'ok' } }
  }

  /** `/health/plugins/<name>`; undefined when there is no such plugin. */
  async plugin(name: string, reasons: boolean): Promise<Health | undefined> {
    const host = this.#parts.catalogue.byName(name)
    if (!host) return undefined
    const fault = await pluginFault(host)
    if (!fault) return { httpStatus: 200, body: { status: 'ok' } }
    return host.state === 'running'
      ? answer(200, 'degraded', [fault], reasons)
      : answer(503, 'unavailable', [fault], reasons)
  }

  #unreached(): Fault[] {
    const reason = this.#parts.backplane.fault
    return reason === undefined ? [] : [{ name: 'backplane', state: 'does not answer', reason }]
  }

  async #outage(): Promise<Fault | undefined> {
    if (!(await this.#answers())) return noDatabase
    if (!this.#full) return undefined
    this.#full = !(await this.#hasRoom())
    return this.#full ? noRoom : undefined
  }

  /** Stores a number that differs from the one before: what does not change a page is not written. */
  async #write(): Promise<void> {
    const db = new PlatformDb(this.#parts.database, new Set())
    await db.upsert('revisions', [{ name: 'storage-probe', value: Date.now() }], ['name'])
  }

  #logChange(faults: readonly Fault[], out: boolean): void {
    const problems = Object.fromEntries(faults.map(({ name, reason }) => [name, reason]))
    const said = faults.length === 0 ? '' : JSON.stringify(problems)
    if (said === this.#said) return
    this.#said = said
    const { log } = this.#parts
    if (said === '') log.info('healthy again')
    else if (out) log.error({ problems }, 'not ready: the balancer is told to send nothing')
    else log.warn({ problems }, 'degraded')
  }
}

function answer(
  httpStatus: number,
  status: Health['body']['status'],
  faults: readonly Fault[],
  reasons: boolean,
): Health {
  const problems = Object.fromEntries(faults.map(({ name, state, reason }) => [name, reasons ? reason : state]))
  return { httpStatus, body: { status, problems } }
}
