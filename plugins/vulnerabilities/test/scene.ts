import path from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Database, Row } from '../../../db/database.ts'
import type { AuditEntry, Call } from '../../../kernel/contract.ts'
import { newId } from '../../../kernel/data/id.ts'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import { TenantDb } from '../../../kernel/data/tenant-db.ts'
import type { Log } from '../../../kernel/log/log.ts'
import { testDatabase } from '../../../kernel/testing/test-database.ts'
import type { AssetCpes, AssetDirectory } from '../../assets/public.ts'
import { assetKey } from '../public.ts'
import { FindingRepository } from '../repositories/finding-repository.ts'
import { MatchedTenants } from '../repositories/matched-tenants.ts'
import { MatchingStateRepository } from '../repositories/matching-state-repository.ts'
import { SettingsRepository } from '../repositories/settings-repository.ts'
import {
  toVulnerability,
  VulnerabilityRepository,
  type VulnerabilityRow,
} from '../repositories/vulnerability-repository.ts'
import { CriticalAlerts } from '../services/critical-alerts.ts'
import { FactsCopier } from '../services/facts-copier.ts'
import { MatchingService } from '../services/matching-service.ts'
import { VulnerabilityService } from '../services/vulnerability-service.ts'
import type { Vulnerability } from '../vulnerability.ts'
import { TestCatalogue } from './catalogue.ts'

const MIGRATIONS = path.join(import.meta.dirname, '..', 'migrations')
const nothing = (): undefined => undefined
const quiet: Log = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  enabled: () => false,
  child: () => quiet,
}

/** A migrated database of the test's own, deleted after it. */
export const migrated = (t: ExecutionContext): Promise<Database> => testDatabase(t, { vulnerabilities: MIGRATIONS })

/** The assets of a tenant, straight from the table. */
class TableAssets implements AssetDirectory {
  readonly #db: TenantDb
  /** Called before each look-up by id: for what happens in between. */
  before: () => Promise<void> = async () => undefined

  constructor(db: TenantDb) {
    this.#db = db
  }

  async byIds(ids: readonly string[]): Promise<AssetCpes[]> {
    await this.before()
    return (await this.#all()).filter(({ id }) => ids.includes(id))
  }

  async withCpes(after: string | undefined, limit: number): Promise<AssetCpes[]> {
    const named = (await this.#all()).filter(({ id, cpes }) => cpes.length > 0 && (after === undefined || id > after))
    return named.slice(0, limit)
  }

  async idsWithProducts(keys: readonly string[]): Promise<string[]> {
    return (await this.#all()).filter(({ cpes }) => cpes.some(cpe => keys.includes(assetKey(cpe)))).map(({ id }) => id)
  }

  async countWithCpes(): Promise<number> {
    return (await this.#all()).filter(({ cpes }) => cpes.length > 0).length
  }

  async #all(): Promise<AssetCpes[]> {
    const rows: { id: string; name: string; cpes: string }[] = await this.#db.table('assets').orderBy('id')
    return rows.map(({ id, name, cpes }) => ({ id, name, cpes: JSON.parse(cpes) as string[] }))
  }
}

/** One tenant with assets, a catalogue, a clock, and the services of the plugin. */
export class Scene {
  readonly database: Database
  readonly tenantId: string
  readonly db: TenantDb
  readonly assets: TableAssets
  readonly catalogue: TestCatalogue
  readonly events: { readonly event: string; readonly payload: Record<string, unknown> }[] = []
  readonly audits: AuditEntry[] = []
  readonly abort = new AbortController()
  time = Date.parse('2026-03-01T12:00:00.000Z')

  private constructor(database: Database, tenantId: string, catalogue: TestCatalogue) {
    this.database = database
    this.tenantId = tenantId
    this.catalogue = catalogue
    this.db = new TenantDb(database, tenantId, new Set())
    this.assets = new TableAssets(this.db)
  }

  static async open(t: ExecutionContext): Promise<Scene> {
    return Scene.on(await migrated(t))
  }

  /** A tenant of its own in a database that others use, too. */
  static async on(database: Database, catalogue = new TestCatalogue()): Promise<Scene> {
    const id = newId()
    const now = new Date()
    await database.knex('tenants').insert({ id, name: id, account_name: id, created_at: now, updated_at: now })
    return new Scene(database, id, catalogue)
  }

  get call(): Call {
    return {
      actor: { kind: 'service', id: 'vulnerabilities' },
      tenant: { id: this.tenantId, name: 'Plant', account_name: 'plant', status: 'active' },
      log: quiet,
      signal: this.abort.signal,
      traceId: '0'.repeat(32),
      db: this.db,
      now: () => new Date(this.time),
      publicUrl: path => path,
      can: () => true,
      audit: entry => this.audits.push(entry),
      emit: async (event, payload) => {
        this.events.push({ event: event.id, payload: event.payload.parse(payload) as Record<string, unknown> })
      },
      enqueue: async () => newId(),
      notify: async () => undefined,
      publish: () => undefined,
      disconnect: () => undefined,
      wake: () => undefined,
      listen: () => ({ heard: async () => false, [Symbol.dispose]: () => undefined }),
    }
  }

  /** What a call of the plugin has, made anew as each call does. */
  get services() {
    const { call, db, catalogue, assets } = this
    const findingRepository = new FindingRepository({ db })
    const matchingState = new MatchingStateRepository({ db })
    const settingsRepository = new SettingsRepository({ db })
    const vulnerabilityRepository = new VulnerabilityRepository({ db })
    const criticalAlerts = new CriticalAlerts({ call, matchingState, settingsRepository })
    const factsCopier = new FactsCopier({ call, db, findingRepository })
    const dependencies = { call, db, catalogue, assets, findingRepository, matchingState, criticalAlerts, factsCopier }
    return {
      matchingState,
      settingsRepository,
      vulnerabilityRepository,
      matching: new MatchingService(dependencies),
      work: new VulnerabilityService({ call, vulnerabilityRepository }),
      matchedTenants: new MatchedTenants({ db: new PlatformDb(this.database, new Set()) }),
    }
  }

  /** Adds an asset with these CPE names; answers its id. */
  async addAsset(...cpes: readonly string[]): Promise<string> {
    const id = newId()
    const time = new Date(this.time).toISOString()
    const names = JSON.stringify(cpes)
    await this.db
      .table('assets')
      .insert({ id, name: id, type: 'server', cpes: names, created_at: time, updated_at: time })
    return id
  }

  async rename(assetId: string, ...cpes: readonly string[]): Promise<void> {
    await this.db
      .table('assets')
      .where('id', assetId)
      .update({ cpes: JSON.stringify(cpes) })
  }

  /** The tenant's vulnerabilities, by CVE and then by asset. */
  async found(): Promise<(Vulnerability & { readonly revision: number })[]> {
    const rows: (VulnerabilityRow & Row)[] = await this.db
      .table('vulnerabilities')
      .orderBy('cve_id')
      .orderBy('asset_id')
    return rows.map(row => ({ ...toVulnerability(row), revision: row.revision }))
  }

  /** The one vulnerability there is. */
  async only(): Promise<Vulnerability & { readonly revision: number }> {
    const [one, ...more] = await this.found()
    if (!one || more.length > 0) throw new Error(`there are ${more.length + (one ? 1 : 0)} vulnerabilities, not one`)
    return one
  }

  forward(ms: number): void {
    this.time += ms
  }
}
