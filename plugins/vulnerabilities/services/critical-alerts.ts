import type { Call } from '../../../kernel/contract.ts'
import type { CveFacts } from '../../cve-feed/public.ts'
import { criticalFound } from '../public.ts'
import type { MatchingStateRepository } from '../repositories/matching-state-repository.ts'
import type { SettingsRepository } from '../repositories/settings-repository.ts'

/** Assets that one alert names. */
const MOST_ASSETS = 500

interface Dependencies {
  readonly call: Call
  readonly matchingState: MatchingStateRepository
  readonly settingsRepository: SettingsRepository
}

/** A CVE with new confirmed matches, and the assets they are on. */
export interface NewMatches {
  readonly facts: CveFacts
  readonly assetIds: string[]
}

/** Tells of new confirmed matches with critical CVEs: once for each CVE and tenant (contract 15.6, 30). */
export class CriticalAlerts {
  readonly #dependencies: Dependencies
  #threshold: Promise<number> | undefined

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
  }

  /** Raises what deserves it, in the transaction under way. Answers how many alerts that were. */
  async raise(matches: Iterable<NewMatches>): Promise<number> {
    const { call, matchingState, settingsRepository } = this.#dependencies
    this.#threshold ??= settingsRepository.read().then(settings => settings.alert_min_cvss)
    const threshold = await this.#threshold
    const critical = [...matches].filter(({ facts }) => facts.kev || (facts.cvss_score ?? -1) >= threshold)
    if (critical.length === 0) return 0
    const now = call.now()
    const fresh = await matchingState.claimAlerts(
      critical.map(({ facts }) => facts.cve_id),
      now,
    )
    for (const { facts, assetIds } of critical) {
      if (!fresh.has(facts.cve_id)) continue
      await call.emit(criticalFound, {
        cve_id: facts.cve_id,
        dedupe_key: `cve:${facts.cve_id}`,
        cause: facts.kev ? 'kev' : 'cvss',
        cvss_score: facts.cvss_score,
        epss: facts.epss,
        kev: facts.kev,
        kev_due_date: facts.kev_due_date,
        exploits: facts.exploits,
        asset_ids: assetIds.slice(0, MOST_ASSETS),
        found_at: now.toISOString(),
      })
    }
    return fresh.size
  }
}
