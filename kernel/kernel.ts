import type Koa from 'koa'
import type { Config } from '../config/load.ts'
import { type Environment, parseSettings } from '../config/parse-settings.ts'
import type { Role } from '../config/role.ts'
import { openDatabase } from '../db/connection.ts'
import type { Database } from '../db/database.ts'
import { azureCredential } from '../db/dialects/azure-credential.ts'
import { migrate } from '../db/migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS } from '../db/migration-files.ts'
import { type Access, createAccess } from './access/access.ts'
import { GuestDirectory } from './access/guests.ts'
import type { Passwords } from './access/passwords.ts'
import { adminPlugin } from './admin/admin-plugin.ts'
import { Instances } from './admin/instances.ts'
import { auditPlugin } from './audit/audit-plugin.ts'
import { createHeadSigner } from './audit/head-signature.ts'
import { Bells } from './backplane/bells.ts'
import { createBackplane } from './backplane/create-backplane.ts'
import { installationId } from './backplane/installation-id.ts'
import type { RedisTiming } from './backplane/redis-backplane.ts'
import { WorkAhead } from './backplane/work-ahead.ts'
import { CallCore, PlatformWork } from './call.ts'
import type { AnyPlugin } from './contract.ts'
import { requireRowSecurity } from './data/row-security.ts'
import { createDelivery, type Delivery } from './events/delivery.ts'
import { HealthChecks } from './health/health.ts'
import { waitForDatabase } from './health/wait-for-database.ts'
import { createApp, type Lifecycle } from './http/app.ts'
import { createCeilings } from './http/ceilings.ts'
import { createDispatch } from './http/dispatch.ts'
import { ServerResponse } from './http/node-http.ts'
import { openApi } from './http/openapi.ts'
import { systemRoutes } from './http/system.ts'
import type { JobTiming } from './jobs/job-timing.ts'
import { type JobPermission, jobsPlugin } from './jobs/jobs-plugin.ts'
import { mongoStore } from './jobs/mongo-store.ts'
import { announceRun } from './jobs/progress-channel.ts'
import { createScheduler, type Scheduler } from './jobs/scheduler.ts'
import type { Logging } from './log/create-logger.ts'
import { MAIL, mailPlugin, SEND_JOB } from './mail/mail-plugin.ts'
import { StoredMail } from './mail/stored-mail.ts'
import { kindsOf } from './notifications/kinds.ts'
import { notificationsPlugin } from './notifications/notifications-plugin.ts'
import { BUNDLED_PLUGINS } from './plugins/bundled.ts'
import { Catalogue } from './plugins/catalogue.ts'
import { discover, type Found, type Rejected, withoutClashes } from './plugins/discover.ts'
import { PluginHost } from './plugins/host.ts'
import { startOrder } from './plugins/order.ts'
import { beginFeatures } from './plugins/when-on.ts'
import { Roles } from './roles.ts'
import type { Runtime } from './runtime.ts'
import { equalSecrets } from './secrets/keys.ts'
import { createSealer } from './secrets/sealed.ts'
import { createSigner } from './secrets/signer.ts'
import { openTelemetry } from './telemetry/telemetry.ts'
import { createTenancy, type Tenancy } from './tenancy/tenancy.ts'
import { upkeepPlugin } from './upkeep-plugin.ts'
import { asyncApi } from './ws/asyncapi.ts'
import { defaultLimits, type SocketLimits } from './ws/limits.ts'
import { Sockets } from './ws/sockets.ts'

/** Longest that a stop waits for telemetry that is not sent yet. */
const FLUSH_MS = 5_000

/** What a kernel is made of. */
export interface KernelOptions {
  readonly config: Config
  /** Where plugins' own settings are read from. */
  readonly env: Environment
  readonly logging: Logging
  readonly version: string
  /** These plugins instead of those that discovery finds. */
  readonly plugins?: readonly AnyPlugin[]
  /** This database instead of the one that the settings name; the kernel closes it. */
  readonly database?: Database
  /** What this process does; default: `ROLE`. */
  readonly roles?: readonly Role[]
  /** The kernel's clock; default: the system's. */
  readonly now?: () => Date
  /** How often the scheduler looks at things. */
  readonly jobTiming?: Partial<JobTiming>
  /** Limits of sockets to set another way. */
  readonly socketLimits?: Partial<SocketLimits>
  /** How patient the way to Redis is; default: as `RedisBackplane` says. */
  readonly redisTiming?: Partial<RedisTiming>
  /** How passwords are hashed; default: bcrypt at cost 12. */
  readonly passwords?: Passwords
  /** Milliseconds that the `setup` of a plugin may take; default 30 s. */
  readonly setupTimeoutMs?: number
  /** Milliseconds until a plugin that failed is tried again, the last one for good; default 1, 5 and 30 minutes. */
  readonly pluginRetryMs?: readonly number[]
}

/** A platform: make it with `createKernel`, then `start`. */
export interface Kernel {
  /** Serves requests from the first moment: 503 with Retry-After until `start` is done, and again while it stops. */
  readonly app: Koa
  /** Serves the `upgrade` event of the server, for requests that `isUpgrade` is true for; refuses as `app` does. */
  readonly upgrade: Sockets['upgrade']
  readonly runtime: Runtime
  readonly catalogue: Catalogue
  readonly tenancy: Tenancy
  readonly access: Access
  readonly lifecycle: Lifecycle
  /** Migrates, loads the tenants and starts the plugins that they have. */
  start(): Promise<void>
  /**
   * From now on `/health/ready` says 503 while requests are served as before, each answer with `Connection: close`. Jobs
   * are handed back meanwhile; resolves when that is done.
   */
  drain(): Promise<void>
  /** Closes every socket with 1001, and takes no new ones. */
  closeSockets(): Promise<void>
  /** Turns requests away, lets work under way end, and closes everything. */
  stop(): Promise<void>
}

/** Opens the database, finds the plugins and puts the parts together. Nothing runs before `start`. */
export async function createKernel(options: KernelOptions): Promise<Kernel> {
  const { config, logging } = options
  const { log } = logging
  const now = options.now ?? (() => new Date())
  const roles = new Roles(options.roles ?? config.ROLE)
  const drainMs = config.SHUTDOWN_TIMEOUT_SECONDS * 1000

  const { plugins, rejected } = await findPlugins(options)
  const settings = parseSettings(settingSchemas(plugins.map(({ plugin }) => plugin)), options.env)
  const database = options.database ?? (await openDatabase(config))
  const telemetry = await openTelemetry(config, logging, options.version)
  telemetry?.observe(database)
  if (telemetry) logging.tap(telemetry.tap)
  let lifecycle: Lifecycle = 'starting'

  const descriptors = (): readonly AnyPlugin[] => catalogue.plugins
  const tenancy = createTenancy({
    database,
    log,
    now,
    settings: config,
    pluginFeatures: () => descriptors().flatMap(({ feature }) => feature ?? []),
    begin: (call, tenantId, features) =>
      beginFeatures({ core: (call as PlatformWork).core, tenantId, features }, catalogue, tenancy.features),
    call: within => {
      const origin = { actor: { kind: 'service', id: 'licences' } } as const
      const core = within ? (within as PlatformWork).core : new CallCore(runtime, origin)
      return new PlatformWork(core, catalogue.byName('licences') as PluginHost)
    },
  })
  const alone = database.dialect.name === 'sqlite'
  const delivery: Delivery = createDelivery({ database, now, log, telemetry, alone })
  const scheduler: Scheduler = createScheduler({
    database,
    log,
    telemetry,
    now,
    alone,
    store: config.MONGODB_URL === undefined ? undefined : mongoStore(config.MONGODB_URL),
    timing: options.jobTiming,
    tenantsFor: name => tenantsWith(catalogue.byName(name)?.plugin.feature),
    changed: change => announceRun(sockets, change, jobPermission),
  })
  const sealer = createSealer(config.SECRET_KEY, config.SECRET_KEY_PREVIOUS)
  const mail = new StoredMail({
    sealer,
    enqueue: (trx, tenantId) => scheduler.enqueue(trx, { plugin: MAIL, name: SEND_JOB, data: {}, tenantId }),
    tell: () => workAhead.tell('jobs'),
  })
  const access = createAccess({
    database,
    log,
    now,
    settings: config,
    mail,
    sealer,
    features: tenancy.features,
    askLicence: async tenantId => tenancy.pull?.ask(tenantId),
    ...(options.passwords ? { passwords: options.passwords } : {}),
    pluginsOf: tenantId => pluginsOf(tenantId),
  })
  /** Descriptors of the plugins that are on for a tenant: their permissions and notices exist for it. */
  const pluginsOf = (tenantId: string): readonly AnyPlugin[] =>
    descriptors().filter(
      ({ feature }) => feature === undefined || tenancy.features.tenant(tenantId)?.features.has(feature),
    )
  const tenantsWith = (feature: string | undefined): readonly string[] =>
    tenancy.features.current().tenantsWith(feature)

  const jobPermission: JobPermission = (plugin, name) => {
    const host = catalogue.byName(plugin)
    return host ? host.jobPermission(name) : 'unknown'
  }
  const instances = new Instances({
    database,
    log,
    now,
    version: options.version,
    roles: roles.names,
    plugins: () => catalogue.summary(),
  })
  const core: Found[] = [
    access.plugin,
    tenancy.plugin,
    jobsPlugin(
      () => scheduler.runs,
      async () => (roles.work ? scheduler.check() : undefined),
      jobPermission,
    ),
    auditPlugin({
      signer: createHeadSigner(config.SECRET_KEY, config.SECRET_KEY_PREVIOUS),
      ingestDays: config.INGEST_RETENTION_DAYS,
    }),
    notificationsPlugin({ mail, appUrl: config.APP_BASE_URL, kinds: tenantId => kindsOf(pluginsOf(tenantId)) }),
    mailPlugin(config, sealer),
    upkeepPlugin(),
    adminPlugin({
      tenants: {
        features: tenancy.features,
        graceDays: config.LICENSE_GRACE_DAYS,
        pull: tenancy.pull,
        now,
        begin: (call, tenantId, features) => tenancy.beginLater(call, tenantId, features),
      },
      instances: { instances, tenantsWith: feature => tenantsWith(feature) },
      jobs: { scheduler, begin: call => call.db.afterCommit(() => workAhead.tell('jobs')) },
    }),
  ].map(plugin => ({
    source: 'kernel',
    plugin,
  }))
  const unique = withoutClashes([...core, ...plugins])
  const { ordered, refused } = startOrder(unique.found.map(({ plugin }) => plugin))
  const ceilings = createCeilings({
    perTenant: config.LIMIT_REQUESTS_PER_TENANT,
    perAddress: config.LIMIT_REQUESTS_PER_ADDRESS,
  })
  const backplane = createBackplane(config, log, options.redisTiming)
  const bells = new Bells()
  const workAhead = new WorkAhead({
    here: roles.work,
    backplane,
    begin: work => (work === 'events' ? delivery.nudge() : scheduler.nudge()),
  })
  const sockets = new Sockets({
    limits: {
      ...defaultLimits,
      perTenant: config.LIMIT_SOCKETS_PER_TENANT,
      perAddress: config.LIMIT_SOCKETS_PER_ADDRESS,
      ...options.socketLimits,
    },
    backplane,
    requestLog: logging.requestLog,
    origins: config.ALLOW_ORIGINS,
    lifecycle: () => lifecycle,
    runtime: () => runtime,
    owner: segment => catalogue.owner(segment),
    context: request => app.createContext(request, new ServerResponse(request)),
  })
  const runtime: Runtime = {
    database,
    log,
    telemetry,
    roles,
    now,
    authenticator: access.authenticator,
    guests: new GuestDirectory(),
    ceilings,
    tenant: id => tenancy.features.tenant(id),
    refreshTenants: () => tenancy.features.refresh(),
    tenantsWith,
    delivery,
    scheduler,
    workAhead,
    sockets,
    backplane,
    bells,
    sharedTables: new Set(unique.found.flatMap(({ plugin }) => plugin.sharedTables ?? [])),
    provider: refId => catalogue.provider(refId),
    checksAnswers: !config.production,
    internalToken: config.CLOUD_INTERNAL_API_TOKEN,
    adminPanel: config.ADMIN_PANEL_ENABLED,
    deployment: {
      production: config.production,
      dataDir: config.DATA_DIR,
      azure: azureCredential(config.AZURE_CLIENT_ID),
      signer: purpose => createSigner(purpose, config.SECRET_KEY, config.SECRET_KEY_PREVIOUS),
    },
    publicUrl: config.API_PUBLIC_URL,
  }
  const known = new Set(unique.found.flatMap(({ plugin }) => Object.keys(plugin.permissions ?? {})))
  const sourceOf = new Map(unique.found.map(({ plugin, source }) => [plugin.name, source]))
  let migrating: Promise<unknown> = Promise.resolve()
  /** One plugin at a time: each holds a connection for its lock while it needs another, and a pool may be small. */
  const inTurn = (migrateOne: () => Promise<void>): Promise<void> => {
    const turn = migrating.then(migrateOne, migrateOne)
    migrating = turn
    return turn
  }
  const catalogue = new Catalogue({
    hosts: ordered.map(
      plugin =>
        new PluginHost({
          plugin,
          source: sourceOf.get(plugin.name) ?? plugin.name,
          config: settings[plugin.name] ?? {},
          runtime,
          migrate: () => inTurn(() => migratePlugin(database, plugin, log)),
          known,
          ...(options.setupTimeoutMs === undefined ? {} : { setupTimeoutMs: options.setupTimeoutMs }),
        }),
    ),
    rejected: [
      ...rejected,
      ...unique.rejected,
      ...[...refused].map(([name, reason]) => ({ source: sourceOf.get(name) ?? name, reason })),
    ],
    wanted: feature => feature === undefined || tenantsWith(feature).length > 0,
    drainMs,
    log,
    parked: name => delivery.forget(name),
    retryAfterMs: options.pluginRetryMs,
  })

  backplane.listen(announcement => {
    if (announcement.kind === 'wake') bells.wake(announcement)
    else if (announcement.kind === 'work') workAhead.heard(announcement)
    else sockets.heard(announcement)
  })

  let documented: { readonly changes: number; readonly document: unknown } | undefined
  const health = new HealthChecks({ database, catalogue, backplane, log, lifecycle: () => lifecycle })
  const dispatch = createDispatch(runtime, catalogue)
  const app = createApp({
    dialect: database.dialect,
    log,
    requestLog: logging.requestLog,
    telemetry,
    ceilings,
    lifecycle: () => lifecycle,
    storageFull: () => health.storageFull(),
    trustProxy: config.TRUST_PROXY,
    cors: {
      origins: config.ALLOW_ORIGINS,
      credentials: config.ALLOW_CREDENTIALS,
      methods: config.ALLOW_METHODS,
      headers: config.ALLOW_HEADERS,
    },
    system: systemRoutes({
      documented: roles.users,
      ready: reasons => health.ready(reasons),
      plugin: (name, reasons) => health.plugin(name, reasons),
      isOperator: token => equalSecrets(token, config.CLOUD_INTERNAL_API_TOKEN),
      openApi: () => {
        if (documented?.changes !== catalogue.changes) {
          documented = { changes: catalogue.changes, document: openApi(catalogue, options.version) }
        }
        return documented.document
      },
      asyncApi: () => asyncApi(catalogue, options.version),
    }),
    dispatch,
  })

  let started: Promise<void> | undefined
  async function begin(): Promise<void> {
    await waitForDatabase(database, log, () => lifecycle !== 'starting')
    await requireRowSecurity(database, config.production, log)
    const { applied } = await migrate(database, {
      migrations: findMigrations(KERNEL_MIGRATIONS),
      log: line => log.info(line),
    })
    if (applied.length > 0) log.info({ applied: applied.length }, 'database migrated')
    for (const { source, reason } of [...rejected, ...unique.rejected]) {
      log.error({ source, reason }, 'a plugin was rejected')
    }
    for (const [name, reason] of refused) log.error({ plugin: name, reason }, 'a plugin cannot start')
    if (config.REDIS_URL !== undefined) backplane.open(await installationId(database))
    await tenancy.start()
    await access.start()
    sockets.watch(tenancy.features, listener => access.onChange(listener))
    await catalogue.reconcile()
    tenancy.features.onChange(() => void catalogue.reconcile())
    if (roles.work) {
      await scheduler.start()
      await delivery.start()
    }
    // An embedded database has one process, which nobody but its operators asks.
    if (!alone || config.ADMIN_PANEL_ENABLED) await instances.start()
    telemetry?.watch({ database, catalogue, sockets, backplane, features: () => tenancy.features.current(), now })
    if (lifecycle === 'starting') lifecycle = 'running'
  }

  let jobsStopped: Promise<void> | undefined
  const stopJobs = (): Promise<void> => {
    jobsStopped ??= scheduler.stop({ drainMs })
    return jobsStopped
  }

  return {
    app,
    upgrade: sockets.upgrade,
    runtime,
    catalogue,
    tenancy,
    access,
    get lifecycle() {
      return lifecycle
    },
    start() {
      started = begin()
      return started
    },
    async drain() {
      if (lifecycle !== 'running') return
      lifecycle = 'draining'
      await Promise.all([bells.drain(), stopJobs()])
    },
    closeSockets() {
      bells.close()
      return sockets.close()
    },
    async stop() {
      lifecycle = 'stopping'
      bells.close()
      await sockets.close()
      await settled(started, drainMs)
      await stopJobs()
      await delivery.stop(drainMs)
      await catalogue.stop()
      await instances.stop()
      await sockets.stop()
      await backplane.close()
      await access.stop()
      await tenancy.stop()
      telemetry?.unwatch()
      await database.close()
      logging.tap(undefined)
      await telemetry?.stop(Math.min(drainMs, FLUSH_MS))
    },
  }
}

/** Waits until a start that was cut short is over, however it ends: what it opens could not be closed before. */
async function settled(work: Promise<void> | undefined, timeoutMs: number): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, timeoutMs)
  await Promise.race([work?.catch(() => undefined), late.promise])
  clearTimeout(timer)
}

async function findPlugins({ config, plugins }: KernelOptions): Promise<{
  readonly plugins: readonly Found[]
  readonly rejected: readonly Rejected[]
}> {
  if (plugins) return { plugins: plugins.map(plugin => ({ source: plugin.name, plugin })), rejected: [] }
  const { found, rejected } = await discover([BUNDLED_PLUGINS, ...config.PLUGIN_DIRS], config.PLUGIN_PACKAGES)
  const disabled = new Set(config.PLUGINS_DISABLED)
  return { plugins: found.filter(({ plugin }) => !disabled.has(plugin.name)), rejected }
}

const settingSchemas = (plugins: readonly AnyPlugin[]) =>
  Object.fromEntries(plugins.flatMap(({ name, config }) => (config ? [[name, config]] : [])))

async function migratePlugin(database: Database, plugin: AnyPlugin, log: Logging['log']): Promise<void> {
  if (!plugin.migrations) return
  const { applied } = await migrate(database, {
    migrations: findMigrations(plugin.migrations),
    owner: plugin.name,
    log: line => log.info({ plugin: plugin.name }, line),
  })
  if (applied.length > 0) log.info({ plugin: plugin.name, applied: applied.length }, 'plugin migrated')
}
