import type { CveForMatching } from '../../cve-feed/public.ts'
import { shortHash, type Verdict, writeCriteria } from '../finding.ts'
import { type CompactConfigurations, type CpeName, evaluateCompact, productKeys } from '../matching/cpe.ts'
import type { AssetGroup } from './asset-groups.ts'

/** Verdicts remembered for each CVE: groups that share a name follow each other. */
const MOST_VERDICTS = 8

/** A CVE that may concern assets, read once and held against many. */
export class Candidate {
  readonly cveId: string
  readonly keys: ReadonlySet<string>
  /** Characters of its configurations, for bounds on memory. */
  readonly size: number
  readonly #configurations: CompactConfigurations
  readonly #isPlain: boolean
  readonly #mentioned: ReadonlySet<string>
  readonly #verdicts = new Map<string, Verdict | undefined>()
  readonly #hashes = new Map<string, string>()

  constructor({ cve_id, configurations }: CveForMatching) {
    this.cveId = cve_id
    this.size = configurations.length
    this.#configurations = JSON.parse(configurations) as CompactConfigurations
    this.keys = productKeys(this.#configurations)
    this.#isPlain = isPlain(this.#configurations)
    this.#mentioned = new Set(this.#configurations.flatMap(({ d }) => d.flatMap(({ g }) => g.map(([key]) => key))))
  }

  /**
   * Whether it affects the assets of a group; undefined: it does not. Of a plain CVE only the names that it mentions
   * matter, so the verdict for one group serves others: it is the same object then.
   */
  verdict(group: AssetGroup): Verdict | undefined {
    if (!this.#isPlain) return this.#evaluate(group.names, group.products)
    const names = group.names.filter(({ key, values }) => this.#mentioned.has(key) || values[1] === '*')
    const memo = names.map(({ text }) => text).join(' ')
    if (this.#verdicts.has(memo)) return this.#verdicts.get(memo)
    const verdict = this.#evaluate(names, new Set(names.map(({ key }) => key)))
    if (this.#verdicts.size >= MOST_VERDICTS) this.#verdicts.clear()
    this.#verdicts.set(memo, verdict)
    return verdict
  }

  #evaluate(names: readonly CpeName[], products: ReadonlySet<string>): Verdict | undefined {
    const { confidence, matches } = evaluateCompact(this.#configurations, names)
    if (confidence === 'none') return undefined
    return {
      cveId: this.cveId,
      confidence,
      criteria: writeCriteria(matches),
      criteriaHash: this.#criteriaHash(products),
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

/** True when nothing is AND-ed or negated, and every product is named exactly: then names it does not mention are no matter. */
const isPlain = (configurations: CompactConfigurations): boolean =>
  configurations.every(
    ({ d, a, n }) =>
      (!a || d.length === 1) && !n && d.every(node => !node.a && !node.n && node.g.every(([key]) => key !== '')),
  )
