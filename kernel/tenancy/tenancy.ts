import type { Database } from '../../db/database.ts'
import type { AnyPlugin, PlatformCall } from '../contract.ts'
import type { Log } from '../log/log.ts'
import { Features } from './features.ts'
import { type BeginFeatures, licencePlugin } from './licence-plugin.ts'
import { LicencePull } from './licence-pull.ts'
import { BEGIN_JOB } from './licences.ts'
import { ManagementClient } from './management-client.ts'

interface TenancyOptions {
  readonly database: Database
  readonly log: Log
  now(): Date
  readonly settings: {
    readonly LICENSE_GRACE_DAYS: number
    readonly CLOUD_WEBHOOK_HMAC_SECRET?: readonly string[] | undefined
    readonly CLOUD_INTERNAL_API_TOKEN: string
    readonly MANAGEMENT_API_URL?: string | undefined
  }
  /** Feature keys of the installed plugins. */
  readonly pluginFeatures: () => Iterable<string>
  readonly begin: BeginFeatures
  /** A call of the plugin `licences`: a new one, or the one that is given as this plugin sees it. */
  readonly call: (within?: PlatformCall) => PlatformCall
}

/** Tenants and what their licences give. */
export interface Tenancy {
  readonly features: Features
  /** Asks Management for licences; undefined without MANAGEMENT_API_URL. */
  readonly pull: LicencePull | undefined
  /** Lets plugins begin for a tenant that may use features again, by a job of the plugin `licences`. */
  beginLater(call: PlatformCall, tenantId: string, features: readonly string[]): Promise<void>
  readonly plugin: AnyPlugin
  start(): Promise<void>
  stop(): Promise<void>
}

/** Feature keys that Management sells whether a plugin here has them or not (contract 6.3). */
const CONTRACT_FEATURES = ['security', 'vpn', 'backup']

/** Makes the tenancy of a kernel; `start` reads all tenants. */
export function createTenancy(options: TenancyOptions): Tenancy {
  const features = new Features({
    database: options.database,
    now: () => options.now(),
    graceDays: options.settings.LICENSE_GRACE_DAYS,
    knownFeatures: () => new Set([...CONTRACT_FEATURES, ...options.pluginFeatures()]),
    log: options.log,
  })
  const { MANAGEMENT_API_URL, CLOUD_INTERNAL_API_TOKEN, CLOUD_WEBHOOK_HMAC_SECRET = [] } = options.settings
  const pull =
    MANAGEMENT_API_URL === undefined
      ? undefined
      : new LicencePull({
          client: new ManagementClient(MANAGEMENT_API_URL, CLOUD_INTERNAL_API_TOKEN),
          features,
          call: () => options.call(),
          now: () => options.now(),
          log: options.log,
        })
  return {
    features,
    pull,
    async beginLater(call, tenantId, on) {
      await options.call(call).enqueue(BEGIN_JOB, { tenant_id: tenantId, features: on })
    },
    plugin: licencePlugin({ features, secrets: CLOUD_WEBHOOK_HMAC_SECRET, begin: options.begin, pull }),
    start: () => features.start(),
    async stop() {
      await pull?.stop()
      await features.stop()
    },
  }
}
