import type { Call } from '../../../kernel/contract.ts'
import type { AssetCpes } from '../../assets/public.ts'
import type { CveCatalogue, CveChange } from '../../cve-feed/public.ts'
import { type Finding, newFinding, type Verdict } from '../finding.ts'
import { type AssetGroup, groupAssets } from './asset-groups.ts'
import type { Candidate } from './candidate.ts'
import { CandidateCache } from './candidate-cache.ts'
import { ChangedCves } from './catalogue-changes.ts'
import { FactsCache } from './facts-cache.ts'
import type { FindingWriter } from './finding-writer.ts'
import { Pace } from './pace.ts'

/** Told after each group of assets: how many were matched. */
export type Matched = (assets: number) => void

/** Holds assets against CVEs, each distinct set of names once, and hands what it finds to a writer. */
export class Matcher {
  readonly #catalogue: CveCatalogue
  readonly #writer: FindingWriter
  readonly #candidates: CandidateCache
  readonly #facts: FactsCache
  readonly #pace: Pace
  /** One finding for each verdict, however many groups share it. */
  readonly #made = new WeakMap<Verdict, Finding>()

  constructor(call: Pick<Call, 'signal'>, catalogue: CveCatalogue, writer: FindingWriter) {
    this.#catalogue = catalogue
    this.#writer = writer
    this.#candidates = new CandidateCache(catalogue)
    this.#facts = new FactsCache(catalogue)
    this.#pace = new Pace(call.signal)
  }

  /** Everything the catalogue has against these assets. */
  async matchAll(assets: readonly AssetCpes[], matched?: Matched): Promise<void> {
    for (const group of groupAssets(assets)) {
      const candidates = await this.#candidates.under(group.lookup)
      await this.#writer.add(group, await this.#findings(group, candidates))
      matched?.(group.assetIds.length)
    }
    await this.#writer.flush()
  }

  /** Only the CVEs that changed against these assets. */
  async matchChanges(assets: readonly AssetCpes[], changes: readonly CveChange[]): Promise<void> {
    const changed = new ChangedCves(changes)
    const groups = groupAssets(assets)
    await changed.load(this.#catalogue, groups)
    for (const group of groups) {
      const scope = changed.concerning(group)
      if (scope.size === 0) continue
      const candidates = [...scope].flatMap(id => changed.candidate(id) ?? [])
      await this.#writer.add(group, await this.#findings(group, candidates), scope)
    }
    await this.#writer.flush()
  }

  async #findings(group: AssetGroup, candidates: Iterable<Candidate>): Promise<Finding[]> {
    const verdicts: Verdict[] = []
    for (const candidate of candidates) {
      const verdict = candidate.verdict(group)
      if (verdict) verdicts.push(verdict)
      if (this.#pace.isTired) await this.#pace.rest()
    }
    const facts = await this.#facts.of(verdicts.map(({ cveId }) => cveId))
    return verdicts.flatMap(verdict => {
      const known = facts.get(verdict.cveId)
      if (!known) return []
      const made = this.#made.get(verdict)
      if (made?.facts === known) return [made]
      const finding = newFinding(verdict, known)
      this.#made.set(verdict, finding)
      return [finding]
    })
  }
}
