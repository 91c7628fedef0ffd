import type { Database } from '../../db/database.ts'
import type { AnyPlugin } from '../contract.ts'
import type { Log } from '../log/log.ts'
import { Features } from './features.ts'
import { type BeginFeatures, licencePlugin } from './licence-plugin.ts'

interface TenancyOptions {
  readonly database: Database
  readonly log: Log
  now(): Date
  readonly settings: {
    readonly LICENSE_GRACE_DAYS: number
    readonly CLOUD_WEBHOOK_HMAC_SECRET?: readonly string[] | undefined
  }
  /** Feature keys of the installed plugins. */
  readonly pluginFeatures: () => Iterable<string>
  readonly begin: BeginFeatures
}

/** Tenants and what their licences give. */
export interface Tenancy {
  readonly features: Features
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
  return {
    features,
    plugin: licencePlugin(features, options.settings.CLOUD_WEBHOOK_HMAC_SECRET ?? [], options.begin),
    start: () => features.start(),
    stop: () => features.stop(),
  }
}
