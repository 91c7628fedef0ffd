import path from 'node:path'
import { definePlugin, type KitOf } from '../../kernel/contract.ts'
import { assetSeen } from '../ingest/public.ts'
import { siteDirectory } from '../sites/public.ts'
import { demoAssets } from './demo.ts'
import { importJob } from './jobs/import-job.ts'
import { purgeJob } from './jobs/purge-job.ts'
import { assetAddressBook, assetCpesChanged, assetDirectory } from './public.ts'
import { AssetCpeRepository } from './repositories/asset-cpe-repository.ts'
import { AssetRepository } from './repositories/asset-repository.ts'
import { DiscoveryRepository } from './repositories/discovery-repository.ts'
import { ImportRepository } from './repositories/import-repository.ts'
import { assetRoutes } from './routes/asset-routes.ts'
import { exportRoutes } from './routes/export-routes.ts'
import { importRoutes } from './routes/import-routes.ts'
import { AddressLookup } from './services/address-lookup.ts'
import { AssetLookup } from './services/asset-lookup.ts'
import { AssetService } from './services/asset-service.ts'
import { DiscoveryService } from './services/discovery-service.ts'
import { ImportService } from './services/import-service.ts'

const assets = definePlugin({
  name: 'assets',
  version: '1.0.0',
  title: 'Asset registry',
  segments: ['assets'],
  permissions: {
    'assets:read': 'View assets',
    'assets:create': 'Add and import assets',
    'assets:update': 'Change assets',
    'assets:delete': 'Delete assets',
  },
  uses: { sites: siteDirectory },
  offers: { assetLookup: assetDirectory, addressLookup: assetAddressBook },
  emits: [assetCpesChanged],
  migrations: path.join(import.meta.dirname, 'migrations'),
  services: {
    assetRepository: AssetRepository,
    assetCpeRepository: AssetCpeRepository,
    importRepository: ImportRepository,
    discoveryRepository: DiscoveryRepository,
    assetService: AssetService,
    assetLookup: AssetLookup,
    addressLookup: AddressLookup,
    importService: ImportService,
    discoveryService: DiscoveryService,
  },
  demo: {
    async tenant({ assetService, sites }) {
      const ids = await sites.idsByName(demoAssets.map(({ site }) => site))
      for (const { site, asset } of demoAssets) {
        await assetService.create({ ...asset, site_id: ids.get(site) ?? null })
      }
    },
  },
  setup(kit) {
    assetRoutes(kit)
    importRoutes(kit)
    exportRoutes(kit)
    importJob(kit)
    purgeJob(kit)
    kit.on(assetSeen, ({ payload }, { discoveryService }) => discoveryService.hear(payload))
  },
})

/** The kit that the parts of this plugin register themselves with. */
export type AssetKit = KitOf<typeof assets>

export default assets
