import path from 'node:path'
import { definePlugin, type KitOf } from '../../kernel/contract.ts'
import { assetDirectory } from '../assets/public.ts'
import { cveCatalogue } from '../cve-feed/public.ts'
import { matchingJobs } from './jobs/matching-jobs.ts'
import { criticalFound } from './public.ts'
import { FindingRepository } from './repositories/finding-repository.ts'
import { MatchedTenants } from './repositories/matched-tenants.ts'
import { MatchingStateRepository } from './repositories/matching-state-repository.ts'
import { SettingsRepository } from './repositories/settings-repository.ts'
import { VulnerabilityRepository } from './repositories/vulnerability-repository.ts'
import { scanRoutes } from './routes/scan-routes.ts'
import { settingsRoutes } from './routes/settings-routes.ts'
import { vulnerabilityRoutes } from './routes/vulnerability-routes.ts'
import { CriticalAlerts } from './services/critical-alerts.ts'
import { FactsCopier } from './services/facts-copier.ts'
import { MatchingService } from './services/matching-service.ts'
import { VulnerabilityService } from './services/vulnerability-service.ts'

const vulnerabilities = definePlugin({
  name: 'vulnerabilities',
  version: '1.0.0',
  title: 'Vulnerabilities',
  feature: 'security',
  segments: ['vulnerabilities'],
  permissions: {
    'vulnerabilities:read': 'View vulnerabilities',
    'vulnerabilities:manage': 'Scan assets and work on vulnerabilities',
  },
  uses: { catalogue: cveCatalogue, assets: assetDirectory },
  emits: [criticalFound],
  migrations: path.join(import.meta.dirname, 'migrations'),
  services: {
    vulnerabilityRepository: VulnerabilityRepository,
    findingRepository: FindingRepository,
    matchingState: MatchingStateRepository,
    settingsRepository: SettingsRepository,
    vulnerabilityService: VulnerabilityService,
    matchingService: MatchingService,
    criticalAlerts: CriticalAlerts,
    factsCopier: FactsCopier,
  },
  platformServices: { matchedTenants: MatchedTenants },
  demo: {
    async tenant({ matchingService }) {
      await matchingService.scanAll()
    },
  },
  setup(kit) {
    vulnerabilityRoutes(kit)
    scanRoutes(kit)
    settingsRoutes(kit)
    matchingJobs(kit)
  },
})

/** The kit that the parts of this plugin register themselves with. */
export type VulnerabilityKit = KitOf<typeof vulnerabilities>

export default vulnerabilities
