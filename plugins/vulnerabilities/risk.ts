import type { CveFacts } from '../cve-feed/public.ts'

/** How sure a match is. */
export type MatchConfidence = 'confirmed' | 'possible'

/** What the score is made of. */
export type RiskFacts = Pick<CveFacts, 'cvss_score' | 'epss' | 'kev' | 'exploits'>

/** The severity of a CVE in words; `unknown` while nobody has scored it. */
export const severities = ['critical', 'high', 'medium', 'low', 'none', 'unknown'] as const
export type Severity = (typeof severities)[number]

/** A CVE without a score counts as a medium one, so that new CVEs do not sink to the end of the list. */
const UNSCORED = 5
/** A possible match weighs so much of a confirmed one. */
export const POSSIBLE_WEIGHT = 0.6

/**
 * One number from 0 to 100 to work by, highest first. A confirmed match has
 *   40 × CVSS / 10 (how bad), 30 in CISA KEV (it is being exploited), 10 with a public exploit (it can be),
 *   20 × EPSS (how likely within 30 days);
 * a possible match has 0.6 of that. One decimal.
 */
export function riskScore({ cvss_score, epss, kev, exploits }: RiskFacts, confidence: MatchConfidence): number {
  const whole = 4 * (cvss_score ?? UNSCORED) + 20 * (epss ?? 0) + (kev ? 30 : 0) + (exploits > 0 ? 10 : 0)
  return Math.round(whole * (confidence === 'confirmed' ? 1 : POSSIBLE_WEIGHT) * 10) / 10
}

/** The severity that the source gives, else the one CVSS 3.1 has for the score. */
export function severityOf({ severity, cvss_score }: Pick<CveFacts, 'severity' | 'cvss_score'>): Severity {
  const given = severities.find(name => name === severity?.toLowerCase())
  if (given) return given
  if (cvss_score === null) return 'unknown'
  if (cvss_score >= 9) return 'critical'
  if (cvss_score >= 7) return 'high'
  if (cvss_score >= 4) return 'medium'
  return cvss_score > 0 ? 'low' : 'none'
}
