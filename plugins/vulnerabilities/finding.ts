import { hash } from 'node:crypto'
import type { CveFacts } from '../cve-feed/public.ts'
import type { CriteriaMatch } from './matching/cpe.ts'
import { REASONS } from './matching/cpe.ts'
import { type MatchConfidence, riskScore, type Severity, severityOf } from './risk.ts'
import type { Criterion } from './vulnerability.ts'

/** A finding whose facts are not looked up yet. */
export interface Verdict {
  readonly cveId: string
  readonly confidence: MatchConfidence
  /** JSON of what decided, as it is stored. */
  readonly criteria: string
  /** Stands for what the record says of the asset's products, whatever their versions. */
  readonly criteriaHash: string
}

/** What matching found out about one CVE, for all assets with the same CPE names. Many rows are made of one. */
export interface Finding extends Verdict {
  readonly facts: CveFacts
  /** The columns that come from the facts. */
  readonly copied: CopiedFacts
  readonly risk: number
}

/** What a vulnerability copies from its CVE. */
export interface CopiedFacts {
  readonly cvss_score: number | null
  readonly cvss_version: string | null
  readonly cvss_vector: string | null
  readonly epss: number | null
  readonly epss_percentile: number | null
  readonly kev: boolean
  readonly kev_due_date: string | null
  readonly exploits: number
  readonly severity: Severity
  readonly cvss_order: number
  readonly epss_order: number
}

/** Most criteria stored for one vulnerability; records of chip makers can have hundreds that say the same. */
const MOST_CRITERIA = 20

type StoredCriterion = Omit<Criterion, 'reason'>

/** What decided, as it is stored: without the sentence, which belongs to the code. */
export function writeCriteria(matches: readonly CriteriaMatch[]): string {
  return JSON.stringify(
    matches.slice(0, MOST_CRITERIA).map(
      ({ criteria, bounds, assetCpe, vulnerable, confidence, code }): StoredCriterion => ({
        criteria,
        version_start_including: bounds.versionStartIncluding,
        version_start_excluding: bounds.versionStartExcluding,
        version_end_including: bounds.versionEndIncluding,
        version_end_excluding: bounds.versionEndExcluding,
        asset_cpe: assetCpe ?? null,
        vulnerable,
        confidence,
        code,
      }),
    ),
  )
}

/** What decided, as the API shows it. */
export function readCriteria(text: string): Criterion[] {
  return (JSON.parse(text) as StoredCriterion[]).map(criterion => ({
    ...criterion,
    reason: (REASONS as Readonly<Record<string, string>>)[criterion.code] ?? '',
  }))
}

/** The columns that a vulnerability has from its CVE. */
export const copiedFacts = (facts: CveFacts): CopiedFacts => ({
  cvss_score: facts.cvss_score,
  cvss_version: facts.cvss_version,
  cvss_vector: facts.cvss_vector,
  epss: facts.epss,
  epss_percentile: facts.epss_percentile,
  kev: facts.kev,
  kev_due_date: facts.kev_due_date,
  exploits: facts.exploits,
  severity: severityOf(facts),
  cvss_order: facts.cvss_score ?? -1,
  epss_order: facts.epss ?? -1,
})

/** True when a stored row shows the same facts. SQLite gives booleans as 0 and 1. */
export const sameFacts = (
  stored: Omit<CopiedFacts, 'kev' | 'cvss_order' | 'epss_order'> & { readonly kev: unknown },
  facts: CopiedFacts,
): boolean =>
  stored.cvss_score === facts.cvss_score &&
  stored.epss === facts.epss &&
  Boolean(stored.kev) === facts.kev &&
  stored.exploits === facts.exploits &&
  stored.severity === facts.severity &&
  stored.epss_percentile === facts.epss_percentile &&
  stored.kev_due_date === facts.kev_due_date &&
  stored.cvss_version === facts.cvss_version &&
  stored.cvss_vector === facts.cvss_vector

/** A verdict with the facts of its CVE. */
export const newFinding = (verdict: Verdict, facts: CveFacts): Finding => ({
  ...verdict,
  facts,
  copied: copiedFacts(facts),
  risk: riskScore(facts, verdict.confidence),
})

/** Stands for a text, in 16 characters. */
export const shortHash = (text: string): string => hash('sha1', text, 'base64url').slice(0, 16)
