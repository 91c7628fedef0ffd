import type { CveCatalogue, CveChange } from '../../cve-feed/public.ts'
import type { AssetGroup } from './asset-groups.ts'
import { Candidate } from './candidate.ts'

/** Ids the catalogue is asked for at once. */
const BATCH = 500

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
  async load(catalogue: Pick<CveCatalogue, 'configurations'>, groups: readonly AssetGroup[]): Promise<void> {
    const keys = new Set(groups.flatMap(({ lookup }) => lookup))
    const ids = [...new Set([...keys].flatMap(key => this.#byKey.get(key) ?? []))]
    for (let start = 0; start < ids.length; start += BATCH) {
      const cves = await catalogue.configurations(ids.slice(start, start + BATCH))
      for (const cve of cves) this.#candidates.set(cve.cve_id, new Candidate(cve))
    }
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
  const keys = [...new Set(changes.flatMap(({ product_keys }) => product_keys))]
  return { keys, everyAsset: keys.some(key => key.split(/(?<!\\):/).includes('*')) }
}
