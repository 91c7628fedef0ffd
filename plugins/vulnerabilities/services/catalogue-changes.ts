import type { CveCatalogue, CveChange } from '../../cve-feed/public.ts'
import type { AssetGroup } from './asset-groups.ts'
import { Candidate } from './candidate.ts'

/** CVEs whose applicability changed, by the products they name now or named before. */
export class ChangedCves {
  readonly #byKey = new Map<string, string[]>()
  readonly #candidates = new Map<string, Candidate>()

  constructor(changes: readonly CveChange[]) {
    for (const { cve_id, product_keys } of changes) {
      for (const key of product_keys) {
        const ids = this.#byKey.get(key)
        if (ids) ids.push(cve_id)
        else this.#byKey.set(key, [cve_id])
      }
    }
  }

  /** Reads what these CVEs say now, where it can concern a group. A CVE that is rejected or gone says nothing. */
  async load(catalogue: Pick<CveCatalogue, 'forProducts'>, groups: readonly AssetGroup[]): Promise<void> {
    const ids = new Set([...this.#byKey.values()].flat())
    const keys = new Set(groups.flatMap(({ lookup }) => lookup.filter(key => this.#byKey.has(key))))
    if (keys.size === 0) return
    await catalogue.forProducts([...keys], cves => {
      for (const cve of cves) if (ids.has(cve.cve_id)) this.#candidates.set(cve.cve_id, new Candidate(cve))
    })
  }

  /** Ids of the changed CVEs that may concern a group, or may have done so before the change. */
  concerning({ lookup }: AssetGroup): Set<string> {
    return new Set(lookup.flatMap(key => this.#byKey.get(key) ?? []))
  }

  /** The CVE as it is now; undefined: it concerns nothing any more. */
  candidate(cveId: string): Candidate | undefined {
    return this.#candidates.get(cveId)
  }
}

/** The keys under which assets may be found that a change concerns, and whether only all assets will do. */
export function assetKeys(changes: readonly CveChange[]): { readonly keys: string[]; readonly everyAsset: boolean } {
  const keys = new Set<string>()
  let everyAsset = false
  for (const key of new Set(changes.flatMap(({ product_keys }) => product_keys))) {
    const [part, vendor, product] = key.split(/(?<!\\):/)
    if (part === '*' || vendor === '*' || product === '*') everyAsset = true
    keys.add(key).add(`${part}:*:${product}`)
  }
  return { keys: [...keys], everyAsset }
}
