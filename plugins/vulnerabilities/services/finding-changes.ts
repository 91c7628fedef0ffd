import type { CveFacts } from '../../cve-feed/public.ts'
import { type Finding, sameFacts } from '../finding.ts'
import type { Match, StoredFinding } from '../repositories/finding-repository.ts'

/** A stored vulnerability that matches no more. */
export interface Gone {
  readonly assetId: string
  readonly id: string
}

/** What is to be written so that what is stored is what was found. */
export class Changes {
  readonly fresh: Match[] = []
  /** Stored ones whose criteria or confidence are others now. */
  readonly changed: Match[] = []
  /** CVEs of which only the facts are others, for all assets alike. */
  readonly facts = new Map<string, CveFacts>()
  readonly reopened: Match[] = []
  readonly resolved: Gone[] = []

  /** @param scope the CVEs that were looked at; undefined: all */
  compare(
    assetId: string,
    findings: readonly Finding[],
    stored: readonly StoredFinding[],
    scope: ReadonlySet<string> | undefined,
  ): void {
    const left = new Map(stored.map(row => [row.cve_id, row]))
    for (const finding of findings) {
      const row = left.get(finding.cveId)
      left.delete(finding.cveId)
      if (row) this.#again({ assetId, finding, stored: row }, row)
      else this.fresh.push({ assetId, finding })
    }
    for (const { id, cve_id, status } of left.values()) {
      if (status !== 'resolved' && (!scope || scope.has(cve_id))) this.resolved.push({ assetId, id })
    }
  }

  #again(match: Match, stored: StoredFinding): void {
    const { finding } = match
    const reopens = mustReopen(stored, finding)
    const sameMatch =
      stored.confidence === finding.confidence &&
      stored.criteria_hash === finding.criteriaHash &&
      stored.criteria === finding.criteria
    const sameScores = sameFacts(stored, finding.copied)
    if (!sameMatch || (reopens && !sameScores)) this.changed.push(match)
    else if (!sameScores) this.facts.set(finding.cveId, finding.facts)
    if (reopens) this.reopened.push(match)
  }
}

/**
 * A resolved one matches again. A false positive holds for what the record said of the product, and for a match that
 * was as sure as now: another version of the asset does not end it.
 */
function mustReopen(stored: StoredFinding, finding: Finding): boolean {
  if (stored.status === 'resolved') return true
  if (stored.status !== 'false_positive') return false
  const surer = stored.confidence === 'possible' && finding.confidence === 'confirmed'
  return surer || stored.criteria_hash !== finding.criteriaHash
}
