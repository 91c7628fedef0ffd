import path from 'node:path'
import { definePlugin, type KitOf, problem } from '../../kernel/contract.ts'
import { siteDeleted, siteDirectory } from '../sites/public.ts'
import { hashOfKey, looksLikeKey } from './credentials.ts'
import { demoDevices } from './demo.ts'
import { openEdgeChannel } from './edge-channel.ts'
import { gauges } from './gauges.ts'
import { retention } from './jobs/retention.ts'
import { tendCommands } from './jobs/tend-commands.ts'
import { watchDevices } from './jobs/watch-devices.ts'
import { PresenceTracker } from './presence.ts'
import { deviceDirectory, deviceKey, deviceRegistered, deviceRevoked, deviceStatusChanged } from './public.ts'
import { CommandQueue } from './repositories/command-queue.ts'
import { CommandRepository } from './repositories/command-repository.ts'
import { DeviceRepository } from './repositories/device-repository.ts'
import { DeviceSnapRepository } from './repositories/device-snap-repository.ts'
import { PresenceRepository } from './repositories/presence-repository.ts'
import { ProvisioningKeyRepository } from './repositories/provisioning-key-repository.ts'
import { RegistrationRepository } from './repositories/registration-repository.ts'
import { agentRoutes } from './routes/agent-routes.ts'
import { commandRoutes } from './routes/command-routes.ts'
import { deviceRoutes } from './routes/device-routes.ts'
import { keyRoutes } from './routes/key-routes.ts'
import { registrationRoute } from './routes/registration-route.ts'
import { CommandDelivery } from './services/command-delivery.ts'
import { CommandPoll } from './services/command-poll.ts'
import { CommandService } from './services/command-service.ts'
import { DemoKey } from './services/demo-key.ts'
import { DeviceLookup } from './services/device-lookup.ts'
import { deviceNoticeKinds } from './services/device-notices.ts'
import { DeviceService } from './services/device-service.ts'
import { DeviceSession } from './services/device-session.ts'
import { DeviceSnapService } from './services/device-snap-service.ts'
import { ProvisioningKeyService } from './services/provisioning-key-service.ts'
import { RegistrationService } from './services/registration-service.ts'
import { deviceSettings } from './settings.ts'

const devices = definePlugin({
  name: 'devices',
  version: '1.0.0',
  title: 'Edge devices',
  segments: ['devices', 'edge', 'commands'],
  permissions: {
    'devices:read': 'View edge devices, their commands and snaps',
    'devices:manage': 'Change and revoke edge devices',
    'devices:control': 'Send commands to edge devices',
    'edge-keys:manage': 'Make, view and revoke the keys with which edge devices register',
  },
  config: deviceSettings,
  uses: { sites: siteDirectory },
  offers: { deviceLookup: deviceDirectory },
  notices: deviceNoticeKinds,
  emits: [deviceRegistered, deviceRevoked, deviceStatusChanged],
  migrations: path.join(import.meta.dirname, 'migrations'),
  services: {
    provisioningKeys: ProvisioningKeyRepository,
    provisioningKeyService: ProvisioningKeyService,
    demoKey: DemoKey,
    devices: DeviceRepository,
    deviceService: DeviceService,
    deviceLookup: DeviceLookup,
    deviceSession: DeviceSession,
    deviceSnaps: DeviceSnapRepository,
    deviceSnapService: DeviceSnapService,
    commands: CommandRepository,
    commandService: CommandService,
    commandDelivery: CommandDelivery,
    commandPoll: CommandPoll,
  },
  platformServices: {
    registrations: RegistrationRepository,
    registrationService: RegistrationService,
    presence: PresenceRepository,
    commandQueue: CommandQueue,
  },
  demo: { tenant: demoDevices },
  setup(kit) {
    const tracker = kit.own.use(new PresenceTracker())
    kit.guests(deviceKey, async (key, { call, registrations }) => {
      const device = looksLikeKey('dvc', key) ? await registrations.deviceByHash(hashOfKey(key)) : undefined
      if (!device) return undefined
      if (device.revoked_at !== null) throw problem('device_revoked')
      tracker.heard(device.id, call)
      return { tenantId: device.tenant_id, actor: { kind: 'device', id: device.id } }
    })
    kit.on(siteDeleted, ({ payload }, { provisioningKeys }) => provisioningKeys.forgetSite(payload.site_id))
    keyRoutes(kit)
    registrationRoute(kit)
    deviceRoutes(kit)
    commandRoutes(kit)
    agentRoutes(kit)
    openEdgeChannel(kit, tracker)
    watchDevices(kit)
    tendCommands(kit)
    retention(kit)
    gauges(kit)
  },
})

/** The kit that the parts of this plugin register themselves with. */
export type DeviceKit = KitOf<typeof devices>

export default devices
