import type { CveCatalogue, CveChange, CveFacts, CveForMatching } from '../../cve-feed/public.ts'
import { compileConfigurations, type NvdConfiguration, type NvdCpeMatch, productKeys } from '../matching/cpe.ts'

/** What a test says of a CVE; the rest is null, false or 0. */
export interface Cve extends Partial<Omit<CveFacts, 'cve_id'>> {
  readonly configurations?: readonly NvdConfiguration[]
}

/** One configuration with one OR node: the product, from any version to before `before`. */
export function affects(criteria: string, bounds: Partial<NvdCpeMatch> = {}): NvdConfiguration[] {
  return [{ nodes: [{ operator: 'OR', cpeMatch: [{ vulnerable: true, criteria, ...bounds }] }] }]
}

interface Entry extends CveForMatching {
  readonly facts: CveFacts
  readonly keys: readonly string[]
}

/** A catalogue in memory that keeps its promises: changes are numbered, and each CVE appears with its last one. */
export class TestCatalogue implements CveCatalogue {
  readonly #entries = new Map<string, Entry>()
  readonly #changes = new Map<string, CveChange>()
  #seq = 0
  /** Keys asked for so far. */
  readonly asked: string[][] = []
  /** CVEs handed out so far. */
  read = 0

  /** Adds a CVE, or puts it in the place of the one with this id. */
  put(cveId: string, { configurations = [], ...facts }: Cve): this {
    const before = this.#entries.get(cveId)
    const compact = compileConfigurations(configurations)
    const keys = [...productKeys(compact)]
    this.#change(cveId, 'applicability', [...new Set([...(before?.keys ?? []), ...keys])])
    return this.#set(cveId, JSON.stringify(compact), keys, facts)
  }

  /** Changes scores, KEV or exploits only. */
  score(cveId: string, facts: Partial<CveFacts>): this {
    const entry = this.#entries.get(cveId)
    if (!entry) throw new Error(`there is no ${cveId}`)
    this.#change(cveId, 'facts', entry.keys)
    return this.#set(cveId, entry.configurations, entry.keys, { ...entry.facts, ...facts })
  }

  async forProducts(
    keys: readonly string[],
    visit: (cves: readonly CveForMatching[]) => Promise<void> | void,
    size = 500,
  ): Promise<void> {
    this.asked.push([...keys])
    const wanted = new Set(keys)
    const found = [...this.#entries.values()].filter(
      entry => !entry.facts.rejected && entry.keys.some(key => wanted.has(key)),
    )
    for (let start = 0; start < found.length; start += size) {
      const page = found.slice(start, start + size)
      this.read += page.length
      await visit(page.map(({ cve_id, configurations }) => ({ cve_id, configurations })))
    }
  }

  async configurations(cveIds: readonly string[]): Promise<CveForMatching[]> {
    const found = cveIds.flatMap(id => this.#entries.get(id) ?? []).filter(({ facts }) => !facts.rejected)
    this.read += found.length
    return found.map(({ cve_id, configurations }) => ({ cve_id, configurations }))
  }

  async facts(cveIds: readonly string[]): Promise<CveFacts[]> {
    return cveIds.flatMap(id => this.#entries.get(id)?.facts ?? [])
  }

  async changesAfter(seq: number, limit = 1000): Promise<CveChange[]> {
    return [...this.#changes.values()]
      .filter(change => change.seq > seq)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit)
  }

  async latestChange(): Promise<number> {
    return this.#seq
  }

  #change(cve_id: string, kind: CveChange['kind'], product_keys: readonly string[]): void {
    this.#changes.set(cve_id, { seq: ++this.#seq, cve_id, product_keys, kind })
  }

  #set(cve_id: string, configurations: string, keys: readonly string[], facts: Partial<CveFacts>): this {
    const unknown = { cvss_score: null, cvss_version: null, cvss_vector: null, severity: null }
    const unmarked = { epss: null, epss_percentile: null, kev: false, kev_due_date: null, exploits: 0, rejected: false }
    this.#entries.set(cve_id, { cve_id, configurations, keys, facts: { cve_id, ...unknown, ...unmarked, ...facts } })
    return this
  }
}
