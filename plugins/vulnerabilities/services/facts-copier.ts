import type { Call, TenantDb } from '../../../kernel/contract.ts'
import type { CveFacts } from '../../cve-feed/public.ts'
import type { FindingRepository } from '../repositories/finding-repository.ts'
import { Pace } from './pace.ts'

/** Rows after which a transaction ends, so that other writers get their turn. */
const MOST_ROWS = 5000

/** Copies the facts of CVEs to the tenant's vulnerabilities, a statement or two for each CVE. */
export class FactsCopier {
  readonly #call: Call
  readonly #pace: Pace
  readonly #db: TenantDb
  readonly #findings: FindingRepository

  constructor({ call, db, findingRepository }: { call: Call; db: TenantDb; findingRepository: FindingRepository }) {
    this.#call = call
    this.#pace = new Pace(call.signal)
    this.#db = db
    this.#findings = findingRepository
  }

  /**
   * Writes what differs; resolved vulnerabilities keep what they had.
   * @param changed called for each CVE that was written, in the same transaction
   * @returns how many vulnerabilities were changed
   */
  async copy(cves: readonly CveFacts[], changed?: (cve: CveFacts) => Promise<void>): Promise<number> {
    const left = cves.toReversed()
    let total = 0
    while (left.length > 0) {
      await this.#pace.rest()
      await this.#db.transaction(async () => {
        let rows = 0
        for (let cve = left.pop(); cve; cve = rows < MOST_ROWS ? left.pop() : undefined) {
          const written = await this.#findings.copyFacts(cve, this.#call.now())
          if (written > 0) await changed?.(cve)
          rows += written
          if (this.#pace.isTired) await this.#pace.rest()
        }
        total += rows
      })
    }
    return total
  }
}
