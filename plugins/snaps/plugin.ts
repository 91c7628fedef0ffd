import path from 'node:path'
import { definePlugin, type KitOf } from '../../kernel/contract.ts'
import { sweepJob } from './jobs/sweep-job.ts'
import { snapCatalogue } from './public.ts'
import { CatalogueRepository } from './repositories/catalogue-repository.ts'
import { SnapRepository } from './repositories/snap-repository.ts'
import { catalogueRoutes } from './routes/catalogue-routes.ts'
import { deviceRoutes } from './routes/device-routes.ts'
import { downloadRoutes } from './routes/download-routes.ts'
import { publishRoutes } from './routes/publish-routes.ts'
import { Catalogue } from './services/catalogue.ts'
import { DownloadLinks } from './services/download-links.ts'
import { Publisher } from './services/publisher.ts'
import { Sweep } from './services/sweep.ts'
import { openStore, snapSettings } from './settings.ts'

const snaps = definePlugin({
  name: 'snaps',
  version: '1.0.0',
  title: 'Snaps for edge devices',
  segments: ['snaps', 'admin/publish'],
  permissions: { 'snaps:read': 'View published snaps' },
  config: snapSettings,
  offers: { catalogue: snapCatalogue },
  sharedTables: ['snaps'],
  migrations: path.join(import.meta.dirname, 'migrations'),
  services: { catalogueRepository: CatalogueRepository, catalogue: Catalogue },
  platformServices: { snapRepository: SnapRepository, publisher: Publisher, sweep: Sweep },
  setup(kit) {
    const store = openStore(kit.config, kit.deployment)
    const links = new DownloadLinks(kit.deployment.signer('snaps.download'))
    publishRoutes(kit, store)
    deviceRoutes(kit, store, links)
    downloadRoutes(kit, store, links)
    catalogueRoutes(kit)
    sweepJob(kit, store)
    kit.healthy(() => store.check())
  },
})

/** The kit that the parts of this plugin register themselves with. */
export type SnapKit = KitOf<typeof snaps>

export default snaps
