import type { Call, Progress, TenantDb } from '../../../kernel/contract.ts'
import type { AssetCpes, AssetDirectory } from '../../assets/public.ts'
import type { CveCatalogue, CveChange } from '../../cve-feed/public.ts'
import type { FindingRepository } from '../repositories/finding-repository.ts'
import type { MatchingStateRepository } from '../repositories/matching-state-repository.ts'
import { assetKeys } from './catalogue-changes.ts'
import type { CriticalAlerts } from './critical-alerts.ts'
import type { FactsCopier } from './facts-copier.ts'
import { FindingWriter } from './finding-writer.ts'
import type { MatchReport } from './match-report.ts'
import { Matcher } from './matcher.ts'

/** Assets that are grouped together: more are matched in turns, so memory does not grow with their number. */
const SLICE = 20_000
const PAGE = 500
/** Changes of the catalogue taken at once. */
const CHANGES = 1000
/** After so many CVEs with changed applicability, matching everything anew is cheaper than going on. */
const MOST_CHANGES = 5000
/** Without a look for so long, the plugin was off for the tenant, and what happened to its assets was not heard. */
const GAP_MS = 15 * 60_000

interface Dependencies {
  readonly call: Call
  readonly db: TenantDb
  readonly catalogue: CveCatalogue
  readonly assets: AssetDirectory
  readonly findingRepository: FindingRepository
  readonly matchingState: MatchingStateRepository
  readonly criticalAlerts: CriticalAlerts
  readonly factsCopier: FactsCopier
}

type Report = (progress: Progress) => void

/** Keeps the tenant's vulnerabilities in line with its assets and the catalogue. */
export class MatchingService {
  readonly #dependencies: Dependencies

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
  }

  /** Matches every asset against everything. What a run that was cut short did stays. */
  async scanAll(progress?: Report): Promise<MatchReport> {
    const { call, catalogue, assets, matchingState } = this.#dependencies
    const writer = new FindingWriter(this.#dependencies)
    const matcher = new Matcher(call, catalogue, writer)
    const from = await catalogue.latestChange()
    const total = await assets.countWithCpes()
    let done = 0
    let after: string | undefined
    for (;;) {
      const slice = await this.#slice(after)
      await matcher.matchAll(slice, matched => {
        done += matched
        progress?.({ done, total, message: `${done} of ${total} assets` })
      })
      if (slice.length < SLICE) break
      after = slice.at(-1)?.id
    }
    await this.#resolveNameless(writer.report)
    await matchingState.scanned(from, call.now())
    return this.#follow(from, writer, matcher, Number.POSITIVE_INFINITY)
  }

  /** Matches these assets against everything; ids that no asset has are passed over. */
  async scanAssets(assetIds: readonly string[], progress?: Report): Promise<MatchReport> {
    const { call, catalogue } = this.#dependencies
    const writer = new FindingWriter(this.#dependencies)
    const matcher = new Matcher(call, catalogue, writer)
    const from = await catalogue.latestChange()
    const found = await this.#byIds(assetIds)
    let done = 0
    await matcher.matchAll(found, matched => {
      done += matched
      progress?.({ done, total: found.length, message: `${done} of ${found.length} assets` })
    })
    if ((await catalogue.latestChange()) !== from) {
      await new Matcher(call, catalogue, writer).matchAll(await this.#byIds(assetIds))
    }
    return writer.report
  }

  /**
   * Catches up: with assets that were marked, then with what changed in the catalogue. Matches everything when that has
   * never been done, or when something may have been missed. Its cost grows with what changed.
   */
  async rematchChanges(progress?: Report): Promise<MatchReport> {
    const { call, catalogue, matchingState } = this.#dependencies
    const state = await matchingState.read()
    const latest = await catalogue.latestChange()
    const gap = state ? call.now().getTime() - Date.parse(state.checked_at) : 0
    if (!state || gap > GAP_MS || latest < state.last_change) {
      const marked = await matchingState.pending(SLICE)
      const report = await this.scanAll(progress)
      await matchingState.unmark(marked)
      return report
    }
    const writer = new FindingWriter(this.#dependencies)
    await this.#matchMarked(writer)
    return this.#follow(state.last_change, writer, new Matcher(call, catalogue, writer), MOST_CHANGES, progress)
  }

  async #matchMarked(writer: FindingWriter): Promise<void> {
    const { call, catalogue, matchingState } = this.#dependencies
    for (;;) {
      const marked = await matchingState.pending(SLICE)
      if (marked.length === 0) return
      const assets = await this.#byIds(marked.map(({ asset_id }) => asset_id))
      await new Matcher(call, catalogue, writer).matchAll(assets)
      await matchingState.unmark(marked)
      if (marked.length < SLICE) return
    }
  }

  /** Takes the changes after `seq` into account, page by page; everything anew once there are more than `most`. */
  async #follow(
    seq: number,
    writer: FindingWriter,
    matcher: Matcher,
    most: number,
    progress?: Report,
  ): Promise<MatchReport> {
    const { call, catalogue, matchingState } = this.#dependencies
    const began = await catalogue.latestChange()
    let from = seq
    let changed = 0
    for (;;) {
      call.signal.throwIfAborted()
      const changes = await catalogue.changesAfter(from, CHANGES)
      const last = changes.at(-1)
      if (!last) break
      const applicability = changes.filter(({ kind }) => kind === 'applicability')
      changed += applicability.length
      if (changed > most) return this.scanAll(progress)
      if (applicability.length > 0) await this.#matchChanges(applicability, matcher)
      const facts = changes.filter(({ kind }) => kind === 'facts').map(({ cve_id }) => cve_id)
      if (facts.length > 0) await this.#copyFacts(facts, writer.report)
      from = last.seq
      await matchingState.followed(from, call.now())
      progress?.({ done: from - seq, total: Math.max(began, from) - seq, message: 'changes of the catalogue' })
      await this.#matchMarked(writer)
    }
    await matchingState.followed(from, call.now())
    return writer.report
  }

  async #matchChanges(changes: readonly CveChange[], matcher: Matcher): Promise<void> {
    const { assets, findingRepository } = this.#dependencies
    const { keys, everyAsset } = assetKeys(changes)
    if (everyAsset) {
      let after: string | undefined
      for (;;) {
        const slice = await this.#slice(after)
        await matcher.matchChanges(slice, changes)
        after = slice.at(-1)?.id
        if (slice.length < SLICE) return
      }
    }
    const listed = await assets.idsWithProducts(keys)
    const matched = await findingRepository.assetsOf(changes.map(({ cve_id }) => cve_id))
    const ids = [...new Set([...listed, ...matched])]
    for (let start = 0; start < ids.length; start += SLICE) {
      await matcher.matchChanges(await this.#byIds(ids.slice(start, start + SLICE)), changes)
    }
  }

  /** Copies changed scores, KEV marks and exploits to the vulnerabilities that show them. */
  async #copyFacts(cveIds: readonly string[], report: MatchReport): Promise<void> {
    const { catalogue, findingRepository, factsCopier, criticalAlerts } = this.#dependencies
    const known = await findingRepository.known(cveIds)
    for (let start = 0; start < known.length; start += PAGE) {
      const facts = await catalogue.facts(known.slice(start, start + PAGE))
      report.updated += await factsCopier.copy(facts, async cve => {
        const assetIds = await findingRepository.confirmedOn(cve.cve_id)
        if (assetIds.length > 0) report.alerts += await criticalAlerts.raise([{ facts: cve, assetIds }])
      })
    }
  }

  /** The next assets with CPE names. */
  async #slice(after: string | undefined): Promise<AssetCpes[]> {
    const slice: AssetCpes[] = []
    let last = after
    while (slice.length < SLICE) {
      const page = await this.#dependencies.assets.withCpes(last, PAGE)
      slice.push(...page)
      last = page.at(-1)?.id
      if (page.length < PAGE) break
    }
    return slice
  }

  async #byIds(ids: readonly string[]): Promise<AssetCpes[]> {
    const found: AssetCpes[] = []
    for (let start = 0; start < ids.length; start += PAGE) {
      found.push(...(await this.#dependencies.assets.byIds(ids.slice(start, start + PAGE))))
    }
    return found
  }

  /** What is stored for assets that have no CPE name any more. */
  async #resolveNameless(report: MatchReport): Promise<void> {
    const { call, db, assets, findingRepository } = this.#dependencies
    const ids = await findingRepository.assetIds()
    for (let start = 0; start < ids.length; start += PAGE) {
      call.signal.throwIfAborted()
      await db.transaction(async () => {
        const found = await assets.byIds(ids.slice(start, start + PAGE))
        const nameless = found.filter(({ cpes }) => cpes.length === 0).map(({ id }) => id)
        report.resolved += await findingRepository.resolveAll(nameless, call.now())
      })
    }
  }
}
