import type { Database } from '../../db/database.ts'
import type { TenantState } from '../access/principal.ts'
import type { TenantStatus } from '../contract.ts'
import { PlatformDb } from '../data/platform-db.ts'
import type { Log } from '../log/log.ts'
import { FeatureSnapshot } from './feature-snapshot.ts'
import { RevisionWatch } from './revision-watch.ts'
import { bumpRevision } from './revisions.ts'
import { readAllTenants, readTenant, stateAt, statusAt, type TenantFacts } from './tenant-facts.ts'

const DAY_MS = 86_400_000

/** Hears of a new snapshot, with the one before. It must not throw. */
export type FeatureListener = (current: FeatureSnapshot, before: FeatureSnapshot) => void

interface FeaturesOptions {
  readonly database: Database
  now(): Date
  /** Days that a tenant may go on without licensed features after its licence ran out. */
  readonly graceDays: number
  /** Every feature key there is: those of the contract and those of the installed plugins. */
  readonly knownFeatures: () => Iterable<string>
  readonly log: Log
}

/**
 * What every tenant may use right now, in memory. A check is `current().byTenant.get(id)?.features.has(key)`: it never
 * asks the database. What this instance wrote holds at its commit; what others wrote, within two seconds.
 */
export class Features {
  readonly #options: FeaturesOptions
  readonly #db: PlatformDb
  readonly #watch: RevisionWatch
  readonly #listeners = new Set<FeatureListener>()
  readonly #graceMs: number
  #facts = new Map<string, TenantFacts>()
  #snapshot = new FeatureSnapshot(0, new Map())
  #builtAt = 0
  /** The moment at which a tenant's status changes by itself. */
  #due = Infinity

  constructor(options: FeaturesOptions) {
    this.#options = options
    this.#graceMs = options.graceDays * DAY_MS
    this.#db = new PlatformDb(options.database, new Set())
    this.#watch = new RevisionWatch({
      database: options.database,
      name: 'features',
      log: options.log,
      seen: revision => this.#seen(revision),
    })
  }

  /** The snapshot that holds at this moment. */
  current(): FeatureSnapshot {
    const now = this.#now()
    if (now >= this.#due || now < this.#builtAt) this.#build(this.#snapshot.revision)
    return this.#snapshot
  }

  /** The state of one tenant at this moment; undefined when there is none of this id. */
  tenant(id: string): TenantState | undefined {
    return this.current().byTenant.get(id)
  }

  /** Every known feature key, and whether the tenant has it now. */
  map(tenantId: string): Record<string, boolean> {
    const on = this.tenant(tenantId)?.features
    const map: Record<string, boolean> = {}
    for (const key of [...this.#options.knownFeatures()].sort()) map[key] = on?.has(key) ?? false
    return map
  }

  /** What a stored status and expiry mean at this moment. */
  statusOf(stored: string, expiresAt: string | null): TenantStatus {
    return statusAt(stored, expiresAt === null ? undefined : Date.parse(expiresAt), this.#now(), this.#graceMs)[0]
  }

  /** Reads what others wrote since; cheap when they wrote nothing. */
  refresh(): Promise<void> {
    return this.#watch.check()
  }

  /**
   * Tells that the transaction of the caller changed a tenant, its licence or its features: all instances see it after
   * the commit, this one at once.
   * @returns the new revision
   */
  async changed(db: PlatformDb, tenantId: string): Promise<number> {
    const revision = await bumpRevision(db, 'features')
    const facts = await readTenant(db, tenantId, revision)
    if (facts) db.afterCommit(() => this.#apply(facts))
    return revision
  }

  /** Calls `listener` after each change, until the returned function is called. */
  onChange(listener: FeatureListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Reads everything, then keeps up with the other instances. */
  async start(): Promise<void> {
    await this.refresh()
    this.#watch.start()
  }

  stop(): Promise<void> {
    return this.#watch.stop()
  }

  async #seen(revision: number): Promise<void> {
    if (revision === this.#snapshot.revision) {
      this.current()
      return
    }
    const read = await readAllTenants(this.#db, revision)
    for (const [id, facts] of this.#facts) {
      if (facts.revision > revision) read.set(id, facts)
    }
    this.#facts = read
    this.#build(revision)
  }

  /** Takes in one tenant. The revision only moves when nothing between was missed; else the next poll reads all. */
  #apply(facts: TenantFacts): void {
    const held = this.#facts.get(facts.id)
    if (held && held.revision > facts.revision) return
    this.#facts.set(facts.id, facts)
    const { revision, byTenant } = this.#snapshot
    const { state, until } = stateAt(facts, this.#now(), this.#graceMs)
    this.#due = Math.min(this.#due, until)
    const next = new Map(byTenant).set(facts.id, state)
    this.#replace(new FeatureSnapshot(facts.revision === revision + 1 ? facts.revision : revision, next))
  }

  #build(revision: number): void {
    const now = this.#now()
    const byTenant = new Map<string, TenantState>()
    let due = Infinity
    for (const facts of this.#facts.values()) {
      const { state, until } = stateAt(facts, now, this.#graceMs)
      byTenant.set(facts.id, state)
      if (until < due) due = until
    }
    this.#builtAt = now
    this.#due = due
    this.#replace(new FeatureSnapshot(revision, byTenant))
  }

  #replace(next: FeatureSnapshot): void {
    const before = this.#snapshot
    this.#snapshot = next
    for (const listener of this.#listeners) listener(next, before)
  }

  #now(): number {
    return this.#options.now().getTime()
  }
}
