import type { Database } from '../db/database.ts'
import type { GuestDirectory } from './access/guests.ts'
import type { Authenticator, TenantState } from './access/principal.ts'
import type { Backplane } from './backplane/backplane.ts'
import type { Bells } from './backplane/bells.ts'
import type { WorkAhead } from './backplane/work-ahead.ts'
import type { Deployment } from './contract.ts'
import type { Delivery } from './events/delivery.ts'
import type { Ceilings } from './http/ceilings.ts'
import type { Scheduler } from './jobs/scheduler.ts'
import type { Log } from './log/log.ts'
import type { PluginHost } from './plugins/host.ts'
import type { Roles } from './roles.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import type { Sockets } from './ws/sockets.ts'

/** What the parts of the kernel share. Made once by `createKernel`; nothing in it is replaced afterwards. */
export interface Runtime {
  readonly database: Database
  readonly log: Log
  /** Undefined when nothing is exported. */
  readonly telemetry: Telemetry | undefined
  /** What this process does. */
  readonly roles: Roles
  now(): Date
  readonly authenticator: Authenticator
  /** Who is behind the credential of a guest. */
  readonly guests: GuestDirectory
  /** How many requests a minute are taken over all routes. */
  readonly ceilings: Ceilings
  /** The tenant with its current features; undefined when there is none of this id. */
  tenant(id: string): TenantState | undefined
  /** Reads what other instances have changed about tenants since this one looked. */
  refreshTenants(): Promise<void>
  /** Ids of the tenants that may use a plugin with this feature key. */
  tenantsWith(feature: string | undefined): readonly string[]
  readonly delivery: Delivery
  readonly scheduler: Scheduler
  /** Is told of events and jobs that were committed. */
  readonly workAhead: WorkAhead
  readonly sockets: Sockets
  /** What tells all instances something. */
  readonly backplane: Backplane
  /** Who waits to be woken by what is told so. */
  readonly bells: Bells
  /** Tables that `TenantDb.shared` may read: the union of the plugins' `sharedTables`. */
  readonly sharedTables: ReadonlySet<string>
  /** The running provider of a service. */
  provider(refId: string): { readonly host: PluginHost; readonly service: string } | undefined
  /** True: answers are checked against their schemas (tests and development). */
  readonly checksAnswers: boolean
  readonly internalToken: string
  /** ADMIN_PANEL_ENABLED: whether there are routes for operators of the platform. */
  readonly adminPanel: boolean
  readonly deployment: Deployment
  /** API_PUBLIC_URL. */
  readonly publicUrl: string | undefined
}
