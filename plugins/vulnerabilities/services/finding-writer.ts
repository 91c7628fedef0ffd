import type { Call, TenantDb } from '../../../kernel/contract.ts'
import type { AssetDirectory } from '../../assets/public.ts'
import { type Finding, sameFacts } from '../finding.ts'
import type { FindingRepository, Match, StoredFinding } from '../repositories/finding-repository.ts'
import { type AssetGroup, namesKey } from './asset-groups.ts'
import type { CriticalAlerts, NewMatches } from './critical-alerts.ts'
import { emptyReport, type MatchReport } from './match-report.ts'

/** Most assets, and about the most findings, of one transaction: other writers get their turn in between. */
const MOST_ASSETS = 500
const MOST_FINDINGS = 5000
/** `last_seen` of what still matches is exact to the hour, so that a scan that finds nothing new writes little. */
const SEEN_MS = 3_600_000

interface Dependencies {
  readonly call: Call
  readonly db: TenantDb
  readonly assets: AssetDirectory
  readonly findingRepository: FindingRepository
  readonly criticalAlerts: CriticalAlerts
}

/** What was found for one asset. */
interface Entry {
  readonly assetId: string
  readonly names: string
  readonly findings: readonly Finding[]
  /** The CVEs that were looked at; undefined: all. */
  readonly scope: ReadonlySet<string> | undefined
}

/** Everything one transaction will write. */
interface Changes {
  readonly fresh: Match[]
  readonly changed: Match[]
  readonly reopened: string[]
  readonly resolved: string[]
  readonly alerting: Map<string, NewMatches>
}

/**
 * Brings what is stored in line with what was found, many assets in one transaction. An asset whose names are others by
 * then is passed over: it has been marked to be matched anew.
 */
export class FindingWriter {
  readonly report: MatchReport = emptyReport()
  readonly #dependencies: Dependencies
  #entries: Entry[] = []
  #findings = 0

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
  }

  /** Takes what was found for the assets of a group. @param scope the CVEs that were looked at; default: all */
  async add(group: AssetGroup, findings: readonly Finding[], scope?: ReadonlySet<string>): Promise<void> {
    for (const assetId of group.assetIds) {
      this.#entries.push({ assetId, names: group.key, findings, scope })
      this.#findings += findings.length
      if (this.#entries.length >= MOST_ASSETS || this.#findings >= MOST_FINDINGS) await this.flush()
    }
  }

  /** Writes what is left. */
  async flush(): Promise<void> {
    const entries = this.#entries
    this.#entries = []
    this.#findings = 0
    if (entries.length > 0) await this.#dependencies.db.transaction(() => this.#write(entries))
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    const { call, findingRepository, criticalAlerts } = this.#dependencies
    const now = call.now()
    const current = await this.#current(entries)
    const bare = current.filter(({ findings, scope }) => findings.length === 0 && !scope)
    const found = current.filter(({ findings, scope }) => findings.length > 0 || scope)
    const changes = await this.#compare(found)
    await findingRepository.insert(changes.fresh, now)
    await findingRepository.overwrite(changes.changed, now)
    await findingRepository.reopen(changes.reopened, now)
    const resolved = await findingRepository.resolve(changes.resolved, now)
    const cleared = await findingRepository.resolveAll(
      bare.map(({ assetId }) => assetId),
      now,
    )
    const still = found.filter(({ scope }) => !scope).map(({ assetId }) => assetId)
    if (still.length > 0) await findingRepository.seen(still, new Date(now.getTime() - SEEN_MS), now)
    this.report.alerts += await criticalAlerts.raise(changes.alerting.values())
    this.report.assets += current.length
    this.report.matches += current.reduce((sum, { findings }) => sum + findings.length, 0)
    this.report.created += changes.fresh.length
    this.report.updated += changes.changed.length
    this.report.reopened += changes.reopened.length
    this.report.resolved += resolved + cleared
  }

  /** Entries whose assets are still there with the names that were matched. */
  async #current(entries: readonly Entry[]): Promise<Entry[]> {
    const assets = await this.#dependencies.assets.byIds(entries.map(({ assetId }) => assetId))
    const names = new Map(assets.map(({ id, cpes }) => [id, namesKey(cpes)]))
    return entries.filter(entry => names.get(entry.assetId) === entry.names)
  }

  async #compare(entries: readonly Entry[]): Promise<Changes> {
    const changes: Changes = { fresh: [], changed: [], reopened: [], resolved: [], alerting: new Map() }
    if (entries.length === 0) return changes
    const scopes = new Set(entries.flatMap(({ scope }) => [...(scope ?? [])]))
    const rows = await this.#dependencies.findingRepository.stored(
      entries.map(({ assetId }) => assetId),
      entries[0]?.scope && [...scopes],
    )
    const byAsset = Map.groupBy(rows, row => row.asset_id)
    for (const { assetId, findings, scope } of entries) {
      const left = new Map((byAsset.get(assetId) ?? []).map(row => [row.cve_id, row]))
      for (const finding of findings) {
        const stored = left.get(finding.cveId)
        left.delete(finding.cveId)
        decide(changes, stored ? { assetId, finding, stored } : { assetId, finding })
      }
      for (const { id, cve_id, status } of left.values()) {
        if (status !== 'resolved' && (!scope || scope.has(cve_id))) changes.resolved.push(id)
      }
    }
    return changes
  }
}

function decide(changes: Changes, match: Match): void {
  const { finding, stored } = match
  if (!stored) changes.fresh.push(match)
  else if (differs(stored, finding)) changes.changed.push(match)
  const reopens = stored !== undefined && mustReopen(stored, finding)
  if (reopens) changes.reopened.push(stored.id)
  const isNew = !stored || reopens || (stored.confidence === 'possible' && isActive(stored))
  if (isNew && finding.confidence === 'confirmed') {
    const known = changes.alerting.get(finding.cveId)
    if (known) known.assetIds.push(match.assetId)
    else changes.alerting.set(finding.cveId, { facts: finding.facts, assetIds: [match.assetId] })
  }
}

const differs = (stored: StoredFinding, finding: Finding): boolean =>
  stored.confidence !== finding.confidence ||
  stored.criteria !== finding.criteria ||
  stored.criteria_hash !== finding.criteriaHash ||
  !sameFacts(stored, finding.copied)

const isActive = ({ status }: StoredFinding): boolean =>
  status === 'open' || status === 'acknowledged' || status === 'in_progress'

/**
 * A resolved one matches again. A false positive holds for what the record said of the product, and for a match that
 * was as sure as now: another version of the asset does not end it.
 */
function mustReopen(stored: StoredFinding, finding: Finding): boolean {
  if (stored.status === 'resolved') return true
  if (stored.status !== 'false_positive') return false
  const surer = stored.confidence === 'possible' && finding.confidence === 'confirmed'
  return surer || stored.criteria_hash !== finding.criteriaHash
}
