import type { CveCatalogue, CveFacts } from '../../cve-feed/public.ts'

/** CVEs remembered at most: about 20 MB. */
const CAPACITY = 50_000
const BATCH = 500

/** The facts of the CVEs that a scan finds, each looked up once while there is room. */
export class FactsCache {
  readonly #catalogue: Pick<CveCatalogue, 'facts'>
  readonly #known = new Map<string, CveFacts>()

  constructor(catalogue: Pick<CveCatalogue, 'facts'>) {
    this.#catalogue = catalogue
  }

  /** Of these CVEs, those the catalogue has and that are not rejected. */
  async of(cveIds: readonly string[]): Promise<ReadonlyMap<string, CveFacts>> {
    let missing = cveIds.filter(id => !this.#known.has(id))
    if (this.#known.size + missing.length > CAPACITY) {
      this.#known.clear()
      missing = [...cveIds]
    }
    for (let start = 0; start < missing.length; start += BATCH) {
      for (const facts of await this.#catalogue.facts(missing.slice(start, start + BATCH))) {
        if (!facts.rejected) this.#known.set(facts.cve_id, facts)
      }
    }
    return this.#known
  }
}
