import type { Call, TenantDb } from '../../../kernel/contract.ts'
import type { AssetDirectory } from '../../assets/public.ts'
import type { Finding } from '../finding.ts'
import type { FindingRepository, Match } from '../repositories/finding-repository.ts'
import { type AssetGroup, namesKey } from './asset-groups.ts'
import type { CriticalAlerts, NewMatches } from './critical-alerts.ts'
import type { FactsCopier } from './facts-copier.ts'
import { Changes } from './finding-changes.ts'
import { emptyReport, type MatchReport } from './match-report.ts'
import { Pace } from './pace.ts'

/** Most assets, and about the most findings, that are gathered before they are written. */
const MOST_ASSETS = 500
const MOST_FINDINGS = 100_000
/** About the most rows that are looked for at once, to compare with what was found. */
const COMPARED = 5000
/** Rows of one transaction, for other writers get their turn in between, and of one step in it. */
const CHUNK = 5000
const STEP = 400
/** `last_seen` of what still matches is exact to the hour, so that a scan that finds nothing new writes little. */
const SEEN_MS = 3_600_000

interface Dependencies {
  readonly call: Call
  readonly db: TenantDb
  readonly assets: AssetDirectory
  readonly findingRepository: FindingRepository
  readonly criticalAlerts: CriticalAlerts
  readonly factsCopier: FactsCopier
}

/** What was found for one asset. */
interface Entry {
  readonly assetId: string
  /** The names that were matched, as `namesKey`. */
  readonly names: string
  readonly findings: readonly Finding[]
  /** The CVEs that were looked at; undefined: all. */
  readonly scope: ReadonlySet<string> | undefined
}

/**
 * Brings what is stored in line with what was found. Rows are written by CVE, for many assets at a time, because that is
 * how the indexes lie: measured twice as fast as asset by asset. An asset that has other names when a row of it is
 * written is passed over: it has been marked to be matched anew.
 */
export class FindingWriter {
  readonly report: MatchReport = emptyReport()
  readonly #dependencies: Dependencies
  readonly #pace: Pace
  #entries: Entry[] = []
  #findings = 0

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
    this.#pace = new Pace(dependencies.call.signal)
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
    const { call, findingRepository } = this.#dependencies
    const entries = this.#entries
    this.#entries = []
    this.#findings = 0
    if (entries.length === 0) return
    call.signal.throwIfAborted()
    const names = new Map(entries.map(entry => [entry.assetId, entry.names]))
    const changes = await this.#compare(entries)
    await this.#inChunks(changes.fresh.sort(byCve), names, async matches => {
      await this.#inSteps(matches.sort(byAsset), part => findingRepository.insert(part, call.now()))
      this.report.created += matches.length
      await this.#alert(matches)
    })
    await this.#inChunks(changes.changed.sort(byCve), names, async matches => {
      await this.#inSteps(matches.sort(byAsset), part => findingRepository.overwrite(part, call.now()))
      this.report.updated += matches.length
      await this.#alert(matches.filter(match => match.stored?.confidence === 'possible'))
    })
    this.report.updated += await this.#dependencies.factsCopier.copy([...changes.facts.values()])
    await this.#inChunks(changes.reopened, names, async matches => {
      const ids = matches.flatMap(({ stored }) => stored?.id ?? [])
      this.report.reopened += await findingRepository.reopen(ids, call.now())
      await this.#alert(matches)
    })
    await this.#inChunks(changes.resolved, names, async rows => {
      const ids = rows.map(({ id }) => id)
      this.report.resolved += await findingRepository.resolve(ids, call.now())
    })
    await this.#close(entries, names)
    this.report.assets += entries.length
    this.report.matches += entries.reduce((sum, { findings }) => sum + findings.length, 0)
  }

  async #compare(entries: readonly Entry[]): Promise<Changes> {
    const changes = new Changes()
    let part: Entry[] = []
    let size = 0
    for (const entry of entries) {
      if (entry.findings.length === 0 && !entry.scope) continue
      part.push(entry)
      size += entry.scope?.size ?? entry.findings.length
      if (size < COMPARED) continue
      await this.#comparePart(part, changes)
      part = []
      size = 0
    }
    await this.#comparePart(part, changes)
    return changes
  }

  async #comparePart(entries: readonly Entry[], changes: Changes): Promise<void> {
    if (entries.length === 0) return
    const scopes = new Set(entries.flatMap(({ scope }) => [...(scope ?? [])]))
    const rows = await this.#dependencies.findingRepository.stored(
      entries.map(({ assetId }) => assetId),
      entries[0]?.scope && [...scopes],
    )
    const byAssetId = Map.groupBy(rows, row => row.asset_id)
    for (const { assetId, findings, scope } of entries) {
      changes.compare(assetId, findings, byAssetId.get(assetId) ?? [], scope)
    }
    await this.#pace.rest()
  }

  /** What is as it was, and what is left of assets that nothing matches. */
  async #close(entries: readonly Entry[], names: ReadonlyMap<string, string>): Promise<void> {
    const { call, db, findingRepository } = this.#dependencies
    const whole = entries.filter(({ scope }) => !scope)
    if (whole.length === 0) return
    await db.transaction(async () => {
      const current = await this.#current(whole, names)
      const now = call.now()
      const bare = current.filter(({ findings }) => findings.length === 0).map(({ assetId }) => assetId)
      this.report.resolved += await findingRepository.resolveAll(bare, now)
      const seen = current.filter(({ findings }) => findings.length > 0).map(({ assetId }) => assetId)
      await findingRepository.seen(seen, new Date(now.getTime() - SEEN_MS), now)
    })
  }

  /** Runs `work` in a transaction for each part of the rows, those left out whose assets have other names by then. */
  async #inChunks<R extends { readonly assetId: string }>(
    rows: readonly R[],
    names: ReadonlyMap<string, string>,
    work: (rows: R[]) => Promise<void>,
  ): Promise<void> {
    const { db } = this.#dependencies
    for (let start = 0; start < rows.length; start += CHUNK) {
      await this.#pace.rest()
      await db.transaction(async () => {
        const current = await this.#current(rows.slice(start, start + CHUNK), names)
        if (current.length > 0) await work(current)
      })
    }
  }

  async #inSteps<R>(rows: readonly R[], work: (rows: readonly R[]) => Promise<void>): Promise<void> {
    for (let start = 0; start < rows.length; start += STEP) {
      await work(rows.slice(start, start + STEP))
      await this.#pace.rest()
    }
  }

  async #current<R extends { readonly assetId: string }>(
    rows: readonly R[],
    names: ReadonlyMap<string, string>,
  ): Promise<R[]> {
    const assets = await this.#dependencies.assets.byIds([...new Set(rows.map(({ assetId }) => assetId))])
    const unchanged = new Set(assets.filter(({ id, cpes }) => namesKey(cpes) === names.get(id)).map(({ id }) => id))
    return rows.filter(({ assetId }) => unchanged.has(assetId))
  }

  async #alert(matches: readonly Match[]): Promise<void> {
    const fresh = new Map<string, NewMatches>()
    for (const { assetId, finding } of matches) {
      if (finding.confidence !== 'confirmed') continue
      const known = fresh.get(finding.cveId)
      if (known) known.assetIds.push(assetId)
      else fresh.set(finding.cveId, { facts: finding.facts, assetIds: [assetId] })
    }
    this.report.alerts += await this.#dependencies.criticalAlerts.raise(fresh.values())
  }
}

const byCve = (a: Match, b: Match): number => {
  if (a.finding.cveId !== b.finding.cveId) return a.finding.cveId < b.finding.cveId ? -1 : 1
  return byAsset(a, b)
}
const byAsset = (a: Match, b: Match): number => (a.assetId < b.assetId ? -1 : a.assetId > b.assetId ? 1 : 0)
