import type { CveCatalogue } from '../../cve-feed/public.ts'
import { Candidate } from './candidate.ts'

/** Characters of configurations held; parsed they take about six times as many bytes. */
const CAPACITY = 12_000_000

interface Held {
  readonly candidate: Candidate
  /** How many keys it is held under. */
  uses: number
}

/** The CVEs of the products that a scan meets, each read and parsed once while there is room. */
export class CandidateCache {
  readonly #catalogue: Pick<CveCatalogue, 'forProducts'>
  readonly #capacity: number
  /** By key, the one used last at the end. */
  readonly #byKey = new Map<string, readonly Held[]>()
  readonly #held = new Map<string, Held>()
  #size = 0

  constructor(catalogue: Pick<CveCatalogue, 'forProducts'>, capacity = CAPACITY) {
    this.#catalogue = catalogue
    this.#capacity = capacity
  }

  /** Characters held. */
  get size(): number {
    return this.#size
  }

  /** The CVEs under one of the keys, each once. */
  async under(keys: readonly string[]): Promise<Iterable<Candidate>> {
    const missing = keys.filter(key => !this.#byKey.has(key))
    if (missing.length > 0) await this.#load(missing)
    const found = new Set<Candidate>()
    for (const key of keys) {
      const held = this.#byKey.get(key) ?? []
      for (const { candidate } of held) found.add(candidate)
      this.#byKey.delete(key)
      this.#byKey.set(key, held)
    }
    this.#shrink()
    return found
  }

  async #load(missing: readonly string[]): Promise<void> {
    const lists = new Map<string, Held[]>(missing.map(key => [key, []]))
    await this.#catalogue.forProducts(missing, cves => {
      for (const cve of cves) {
        const held = this.#held.get(cve.cve_id) ?? { candidate: new Candidate(cve), uses: 0 }
        for (const key of held.candidate.keys) {
          const list = lists.get(key)
          if (!list) continue
          list.push(held)
          held.uses++
        }
        if (held.uses === 0 || this.#held.has(cve.cve_id)) continue
        this.#held.set(cve.cve_id, held)
        this.#size += held.candidate.size
      }
    })
    for (const [key, list] of lists) this.#byKey.set(key, list)
  }

  #shrink(): void {
    for (const [key, list] of this.#byKey) {
      if (this.#size <= this.#capacity) return
      this.#byKey.delete(key)
      for (const held of list) {
        if (--held.uses > 0) continue
        this.#held.delete(held.candidate.cveId)
        this.#size -= held.candidate.size
      }
    }
  }
}
