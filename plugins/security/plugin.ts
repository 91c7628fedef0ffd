import path from 'node:path'
import { definePlugin, type KitOf, userDirectory } from '../../kernel/contract.ts'
import { assetAddressBook } from '../assets/public.ts'
import { alertRaised } from '../ingest/public.ts'
import { criticalFound } from '../vulnerabilities/public.ts'
import { Alert } from './alert.ts'
import { purgeJob } from './jobs/purge-job.ts'
import { AlertRepository } from './repositories/alert-repository.ts'
import { DeliveryRepository } from './repositories/delivery-repository.ts'
import { alertRoutes } from './routes/alert-routes.ts'
import { AlertNotices, alertNoticeKinds } from './services/alert-notices.ts'
import { AlertService } from './services/alert-service.ts'
import { CveAlerts } from './services/cve-alerts.ts'
import { DeviceAlerts } from './services/device-alerts.ts'

const security = definePlugin({
  name: 'security',
  version: '1.0.0',
  title: 'Security alerts',
  feature: 'security',
  segments: ['security'],
  permissions: {
    'security:read': 'View security alerts',
    'security:manage': 'Acknowledge, assign, close and reopen security alerts',
  },
  uses: { addresses: assetAddressBook, users: userDirectory },
  notices: alertNoticeKinds,
  migrations: path.join(import.meta.dirname, 'migrations'),
  services: {
    alertRepository: AlertRepository,
    deliveryRepository: DeliveryRepository,
    alertNotices: AlertNotices,
    alertService: AlertService,
    deviceAlerts: DeviceAlerts,
    cveAlerts: CveAlerts,
  },
  setup(kit) {
    alertRoutes(kit)
    purgeJob(kit)
    kit.channel('security', {
      summary: 'Security alerts, as they come and as they change',
      description: 'An alert that comes again and again is sent every ten seconds at most.',
      permission: 'security:read',
      send: { alert: Alert },
    })
    kit.on(alertRaised, ({ id, payload }, { deviceAlerts }) => deviceAlerts.hear(id, payload))
    kit.on(criticalFound, ({ payload }, { cveAlerts }) => cveAlerts.hear(payload))
  },
})

/** The kit that the parts of this plugin register themselves with. */
export type SecurityKit = KitOf<typeof security>

export default security
