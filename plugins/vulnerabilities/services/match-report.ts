/** What a run of matching did, in numbers of vulnerabilities; it is the result of its job. */
export interface MatchReport {
  /** Assets that were matched. */
  assets: number
  /** Matches that hold now, among those assets and the CVEs looked at. */
  matches: number
  created: number
  updated: number
  reopened: number
  resolved: number
  /** CVEs for which an alert was raised. */
  alerts: number
}

export const emptyReport = (): MatchReport => ({
  assets: 0,
  matches: 0,
  created: 0,
  updated: 0,
  reopened: 0,
  resolved: 0,
  alerts: 0,
})
