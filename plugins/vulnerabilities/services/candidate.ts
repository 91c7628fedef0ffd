import type { CveForMatching } from '../../cve-feed/public.ts'
import { shortHash, writeCriteria } from '../finding.ts'
import { type CompactConfigurations, evaluateCompact, productKeys } from '../matching/cpe.ts'
import type { MatchConfidence } from '../risk.ts'
import type { AssetGroup } from './asset-groups.ts'

/** A finding whose facts are not looked up yet. */
export interface Verdict {
  readonly cveId: string
  readonly confidence: MatchConfidence
  readonly criteria: string
  readonly criteriaHash: string
}

/** A CVE that may concern assets, read once and held against many. */
export class Candidate {
  readonly cveId: string
  readonly keys: ReadonlySet<string>
  /** Characters of its configurations, for bounds on memory. */
  readonly size: number
  readonly #configurations: CompactConfigurations
  readonly #hashes = new Map<string, string>()

  constructor({ cve_id, configurations }: CveForMatching) {
    this.cveId = cve_id
    this.size = configurations.length
    this.#configurations = JSON.parse(configurations) as CompactConfigurations
    this.keys = productKeys(this.#configurations)
  }

  /** Whether it affects the assets of a group; undefined: it does not. */
  verdict(group: AssetGroup): Verdict | undefined {
    const { confidence, matches } = evaluateCompact(this.#configurations, group.names)
    if (confidence === 'none') return undefined
    return {
      cveId: this.cveId,
      confidence,
      criteria: writeCriteria(matches),
      criteriaHash: this.#criteriaHash(group.products),
    }
  }

  /** Of all that the record says of these products: it stays when an asset gets another version of them. */
  #criteriaHash(products: ReadonlySet<string>): string {
    const key = [...products].join(' ')
    let known = this.#hashes.get(key)
    if (known === undefined) {
      const said = this.#configurations.flatMap(({ d }) =>
        d.flatMap(({ g }) => g.filter(([product]) => product === '' || products.has(product))),
      )
      known = shortHash(JSON.stringify(said))
      this.#hashes.set(key, known)
    }
    return known
  }
}
