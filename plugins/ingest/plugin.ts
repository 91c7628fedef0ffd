import path from 'node:path'
import { definePlugin, type Kit, type KitOf, tenantRetention } from '../../kernel/contract.ts'
import { deviceDirectory } from '../devices/public.ts'
import { retentionJob } from './jobs/retention-job.ts'
import { alertRaised, assetSeen, backupReported } from './public.ts'
import { EventRepository } from './repositories/event-repository.ts'
import { SettingsRepository } from './repositories/settings-repository.ts'
import { eventRoutes } from './routes/event-routes.ts'
import { ingestRoutes } from './routes/ingest-routes.ts'
import { IngestService } from './services/ingest-service.ts'
import { ingestSettings } from './settings.ts'

const ingest = definePlugin({
  name: 'ingest',
  version: '1.0.0',
  title: 'Events of devices',
  segments: ['v1/ingest', 'ingest'],
  config: ingestSettings,
  uses: { devices: deviceDirectory, retention: tenantRetention },
  emits: [alertRaised, assetSeen, backupReported],
  migrations: path.join(import.meta.dirname, 'migrations'),
  services: {
    eventRepository: EventRepository,
    settingsRepository: SettingsRepository,
    ingestService: IngestService,
  },
  setup(kit) {
    ingestRoutes(kit)
    eventRoutes(kit)
    retentionJob(kit)
  },
})

/** The kit that the parts of this plugin register themselves with: who may see devices may see what they send. */
export type IngestKit =
  KitOf<typeof ingest> extends Kit<never, infer C, infer S, infer PS, infer U>
    ? Kit<'devices:read' | 'devices:manage', C, S, PS, U>
    : never

export default ingest
