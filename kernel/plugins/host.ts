import type RouterClass from '@koa/router'
import type Koa from 'koa'
import type { z } from 'zod'
import type { Permissions } from '../access/principal.ts'
import { CallCore, type CallOrigin, type PlatformWork, TenantCall, PlatformWork as Work } from '../call.ts'
import type { AnyPlugin, EventRef, Gauge, Listening, Notice, PermissionKey, ServiceClasses } from '../contract.ts'
import { Problem } from '../errors.ts'
import { appendEvent } from '../events/outbox.ts'
import { Router } from '../http/koa-router.ts'
import { compileRoute, type RouteHandler } from '../http/route.ts'
import { isOperators } from '../http/routes/audited.ts'
import type { RunContext } from '../jobs/job-definition.ts'
import type { Undefine } from '../jobs/scheduler.ts'
import type { Log } from '../log/log.ts'
import { faultOf } from '../notifications/notice.ts'
import { queueNotice } from '../notifications/queue-notice.ts'
import type { Runtime } from '../runtime.ts'
import { gate } from '../tenancy/gate.ts'
import { type OpenChannel, openChannel } from '../ws/open-channel.ts'
import type { Publication } from '../ws/sockets.ts'
import { type CallContext, contextClass } from './context.ts'
import { InFlight } from './in-flight.ts'
import {
  type AnyChannel,
  type AnyJob,
  openKit,
  PluginFault,
  type RegisteredRoute,
  type Registrations,
  type Subscription,
} from './registrations.ts'

/** Where a plugin is in its life. */
export type PluginState =
  | 'checked'
  | 'waiting'
  | 'migrating'
  | 'starting'
  | 'running'
  | 'draining'
  | 'stopped'
  | 'blocked'
  | 'failed'

type Layer = ReturnType<RouterClass['match']>['path'][number]

const SETUP_TIMEOUT_MS = 30_000
const everything: Permissions = { has: () => true }

/** The routes of a running plugin. */
export interface Mount {
  readonly routes: readonly RegisteredRoute[]
  /** Serves a request, or calls `unmatched` with the methods that its path takes: none when there is no such path. */
  handle(ctx: Koa.Context, unmatched: (methods: readonly string[]) => void): Promise<void>
}

/** A gauge of a running plugin, to be read without further ado. */
export interface HostGauge extends Pick<Gauge<ServiceClasses>, 'unit' | 'description'> {
  readonly name: string
  read(): ReturnType<Gauge<ServiceClasses>['read']>
}

/** One plugin and its state. Started when the first tenant gets it, stopped when the last one loses it. */
export class PluginHost {
  readonly plugin: AnyPlugin
  readonly config: unknown
  readonly log: Log
  readonly source: string
  readonly inFlight = new InFlight()
  readonly #runtime: Runtime
  readonly #migrate: () => Promise<void>
  readonly #known: ReadonlySet<string>
  readonly #setupTimeoutMs: number
  readonly #tenantContext: ReturnType<typeof contextClass>
  readonly #platformContext: ReturnType<typeof contextClass>
  #state: PluginState = 'checked'
  #since = performance.now()
  #error: Error | undefined
  #migrated = false
  #drainMs = 0
  #mount: Mount | undefined
  #channels: ReadonlyMap<string, OpenChannel> = new Map()
  #registrations: Registrations | undefined
  #jobs: Registrations['jobs'] | undefined
  #stack: AsyncDisposableStack | undefined

  constructor(parts: {
    readonly plugin: AnyPlugin
    readonly source: string
    readonly config: unknown
    readonly runtime: Runtime
    /** Applies the plugin's migrations. */
    readonly migrate: () => Promise<void>
    /** Permissions that routes may ask for. */
    readonly known: ReadonlySet<string>
    readonly setupTimeoutMs?: number
  }) {
    this.plugin = parts.plugin
    this.source = parts.source
    this.config = parts.config
    this.#runtime = parts.runtime
    this.#migrate = parts.migrate
    this.#known = parts.known
    this.#setupTimeoutMs = parts.setupTimeoutMs ?? SETUP_TIMEOUT_MS
    this.log = parts.runtime.log.child({ plugin: parts.plugin.name })
    this.#tenantContext = contextClass(parts.plugin, 'tenant', parts.config, parts.runtime.deployment)
    this.#platformContext = contextClass(parts.plugin, 'platform', parts.config, parts.runtime.deployment)
  }

  get state(): PluginState {
    return this.#state
  }

  /** Why it is failed or blocked. */
  get error(): Error | undefined {
    return this.#error
  }

  /** Its routes while it runs. */
  get mount(): Mount | undefined {
    return this.#mount
  }

  /** Its channels while it runs. */
  get channels(): ReadonlyMap<string, OpenChannel> {
    return this.#channels
  }

  /** What handlers of a tenant's call get. */
  tenantContext(call: TenantCall): CallContext {
    return new this.#tenantContext(call)
  }

  /** What handlers of a platform call get. */
  platformContext(call: PlatformWork): CallContext {
    return new this.#platformContext(call)
  }

  /** Marks a plugin that no tenant has yet. */
  wait(): void {
    if (this.#state === 'checked') this.#to('waiting')
  }

  /** Marks a plugin that cannot start, because of what it uses. */
  block(reason: string): void {
    this.#error = new Error(reason)
    this.#to('blocked')
  }

  /** Migrates, sets up and opens the plugin. True: it is `running`; else `failed`, or `stopped` meanwhile. Never throws. */
  async start(): Promise<boolean> {
    const stack = new AsyncDisposableStack()
    this.#error = undefined
    try {
      this.#to('migrating')
      if (!this.#migrated) {
        await this.#migrate()
        this.#migrated = true
      }
      this.#requireStill('migrating')
      this.#to('starting')
      const { kit, registrations, close } = openKit(
        this.plugin,
        this.config,
        this.log,
        this.#runtime.deployment,
        stack,
        this.#known,
      )
      try {
        await within(
          this.#setupTimeoutMs,
          `plugin "${this.plugin.name}" did not finish setup()`,
          this.plugin.setup(kit as never),
        )
      } finally {
        close()
      }
      this.#requireStill('starting')
      const { sockets } = this.#runtime
      sockets.added.add(this, registrations.frames)
      for (const guests of registrations.guests.values()) this.#runtime.guests.add(this, guests)
      for (const subscription of registrations.subscriptions) stack.defer(this.#subscribe(subscription))
      for (const [name, job] of registrations.jobs) {
        const undefine = this.#define(name, job)
        stack.defer(() => undefine({ drainMs: this.#drainMs }))
      }
      this.#registrations = registrations
      this.#jobs = registrations.jobs
      const { roles, adminPanel } = this.#runtime
      const served = registrations.routes.filter(route => roles.serves(route) && (adminPanel || !isOperators(route)))
      this.#mount = this.#open(served)
      this.#channels = new Map(
        [...registrations.channels].flatMap(([name, channel]) => {
          if (!roles.opens(channel)) return []
          sockets.added.yieldTo(name, channel)
          return [[name, openChannel(name, this, channel, sockets)]]
        }),
      )
      this.#stack = stack
      this.#to('running')
      return true
    } catch (error) {
      if (this.#state !== 'stopped') {
        this.#error = error instanceof Error ? error : new Error(String(error))
        this.#to('failed')
      }
      await stack.disposeAsync().catch((fault: unknown) => this.log.error(fault as Error, 'clean-up failed'))
      return false
    }
  }

  /** Takes the plugin out of service: its routes go, running work gets `drainMs` to end, then what it opened closes. */
  async stop(drainMs: number): Promise<void> {
    if (this.#state !== 'running') {
      this.#error = undefined
      this.#to('stopped')
      return
    }
    this.#drainMs = drainMs
    this.#to('draining')
    this.#mount = undefined
    this.#channels = new Map()
    this.#runtime.bells.closeOf(this)
    await this.#runtime.sockets.closeChannelsOf(this)
    if (!(await this.inFlight.idle(drainMs))) {
      this.log.warn({ left: this.inFlight.count }, `work is still running after ${drainMs} ms; going on without it`)
    }
    await this.#stack?.disposeAsync().catch((fault: unknown) => this.log.error(fault as Error, 'clean-up failed'))
    this.#stack = undefined
    this.#registrations = undefined
    this.#to('stopped')
  }

  /** Runs the plugin's own health checks; resolves with what is wrong, if anything. */
  async health(): Promise<string | undefined> {
    for (const check of this.#registrations?.checks ?? []) {
      const core = new CallCore(this.#runtime, this.#origin)
      try {
        await within(5_000, 'health check', check(this.platformContext(new Work(core, this)) as never))
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
    }
    return undefined
  }

  /** What the plugin measures while it runs. */
  get gauges(): readonly HostGauge[] {
    return [...(this.#registrations?.gauges ?? [])].map(([name, { unit, description, read }]) => ({
      name,
      unit,
      description,
      read: () => read(this.platformContext(new Work(new CallCore(this.#runtime, this.#origin), this)) as never),
    }))
  }

  /** Writes an event to the outbox, in the call's transaction. */
  async emit(core: CallCore, event: EventRef, payload: unknown, tenantId: string | undefined): Promise<void> {
    if (!this.plugin.emits?.some(declared => declared.id === event.id)) {
      throw new PluginFault(
        `plugin "${this.plugin.name}": emits ${event.id}, which its descriptor does not list in "emits"`,
      )
    }
    const checked = event.payload.parse(payload)
    await core.slot.run(tenantId, async () => {
      const now = this.#runtime.now()
      const id = await appendEvent(core.platform, { event: event.id, payload: checked, tenantId, now })
      this.#runtime.telemetry?.made(id)
    })
    core.slot.afterCommit(() => this.#runtime.workAhead.tell('events'))
  }

  /** Queues one of the plugin's jobs, in the call's transaction. */
  async enqueue(
    core: CallCore,
    name: string,
    data: unknown,
    options: { readonly unique?: string; readonly tenantId?: string },
  ): Promise<string> {
    const job = this.#registrations?.jobs.get(name)
    if (!job) throw new PluginFault(`plugin "${this.plugin.name}": has no job "${name}"`)
    const checked = job.data.parse(data)
    const id = await core.slot.run(options.tenantId, () =>
      this.#runtime.scheduler.enqueue(core.platform.knex, {
        plugin: this.plugin.name,
        name,
        data: checked,
        createdBy: core.origin.actor.id,
        // Also for a job of the platform: a transaction of a tenant can only write rows that are the tenant's.
        tenantId: options.tenantId,
        unique: options.unique,
      }),
    )
    this.#runtime.telemetry?.made(id)
    core.slot.afterCommit(() => this.#runtime.workAhead.tell('jobs'))
    return id
  }

  /** Queues a notice for users, in the transaction of the call. */
  async notify(core: CallCore, tenantId: string, notice: Notice): Promise<void> {
    if (!Object.hasOwn(this.plugin.notices ?? {}, notice.kind)) {
      throw new PluginFault(`plugin "${this.plugin.name}": its "notices" do not name "${notice.kind}"`)
    }
    const about = `plugin "${this.plugin.name}": its notice "${notice.kind}"`
    const fault = faultOf(notice)
    if (fault !== undefined) throw new PluginFault(`${about} cannot be told: ${fault}`)
    if ('permission' in notice.to && !this.#known.has(notice.to.permission)) {
      throw new PluginFault(`${about} is for holders of "${notice.to.permission}", which no descriptor declares`)
    }
    await queueNotice(core, tenantId, this.plugin.name, notice)
  }

  /** Sends a frame to a tenant's sockets on one of the plugin's channels, when the call's transaction has committed. */
  publish(core: CallCore, tenantId: string, publication: Publication): void {
    const { channel: name, type, data } = publication
    const schema = this.#channel(name).send[type]
    if (!schema) throw new PluginFault(`plugin "${this.plugin.name}": channel "${name}" does not send "${type}"`)
    if (this.#runtime.checksAnswers) schema.parse(data)
    core.slot.afterCommit(() => this.#runtime.sockets.publish(tenantId, publication))
  }

  /** Closes sockets of users or devices on one of the plugin's channels, when the call's transaction has committed. */
  disconnect(core: CallCore, tenantId: string, channel: string, actors: readonly string[]): void {
    this.#channel(channel)
    core.slot.afterCommit(() => this.#runtime.sockets.disconnect(tenantId, channel, actors))
  }

  /** Wakes who listens for one of the plugin's topics, when the call's transaction has committed. */
  wake(core: CallCore, tenantId: string, topic: string): void {
    const announcement = { kind: 'wake', tenantId, plugin: this.plugin.name, topic } as const
    core.slot.afterCommit(() => this.#runtime.backplane.announce(announcement))
  }

  /** Begins to listen for one of the plugin's topics. */
  listen(core: CallCore, tenantId: string, topic: string): Listening {
    return this.#runtime.bells.listen({ tenantId, host: this, topic, signal: core.signal })
  }

  #channel(name: string): AnyChannel {
    const channel = this.#registrations?.channels.get(name)
    if (!channel) throw new PluginFault(`plugin "${this.plugin.name}": has no channel "${name}"`)
    return channel
  }

  /**
   * What reading a run of a job asks for, as its last `setup` said; `unknown` before the first, and for a job of the
   * platform, of which a tenant that began a run may not see more than that.
   */
  jobPermission(name: string): PermissionKey | 'unknown' | undefined {
    const job = this.#jobs?.get(name)
    return job?.scope === 'tenant' ? job.permission : 'unknown'
  }

  /**
   * Queues what the plugin wants to do when it goes on for a tenant; nothing when it is off again already.
   * @throws Error when the plugin does not run
   */
  async begin(core: CallCore, tenantId: string): Promise<void> {
    if (!this.ownCall(core, tenantId)) return
    if (this.#state !== 'running') throw new Error(`the plugin "${this.plugin.name}" is ${this.#state}`)
    for (const [name, job] of this.#registrations?.jobs ?? []) {
      if (job.scope === 'tenant' && job.whenOn) await this.enqueue(core, name, {}, { tenantId, unique: 'when on' })
    }
  }

  /** Work of the plugin itself for a tenant: jobs and events. undefined when the plugin is off for it. */
  ownCall(core: CallCore, tenantId: string): TenantCall | undefined {
    const state = this.#runtime.tenant(tenantId)
    if (!state || gate(this.plugin.feature, state)) return undefined
    return new TenantCall(core, this, state.tenant, everything)
  }

  /** A stop does not wait for a start that hangs: what comes too late must not be opened. */
  #requireStill(state: PluginState): void {
    if (this.#state !== state) throw new PluginFault(`plugin "${this.plugin.name}" was stopped while it started`)
  }

  #to(state: PluginState): void {
    const now = performance.now()
    const ms = Math.round(now - this.#since)
    const fields = { from: this.#state, to: state, ms, source: this.source }
    const { telemetry } = this.#runtime
    telemetry?.transition({ plugin: this.plugin.name, from: this.#state, to: state, ms, error: this.#error })
    this.#since = now
    this.#state = state
    if (state === 'failed' || state === 'blocked') {
      this.log.error(
        { ...fields, reason: this.#error?.message, err: this.#error },
        `plugin ${this.plugin.name} ${state}`,
      )
    } else {
      this.log.debug(fields, `plugin ${this.plugin.name} ${state}`)
    }
  }

  #open(routes: readonly RegisteredRoute[]): Mount {
    const router = new Router()
    const handlers = new Map<Layer, RouteHandler>()
    for (const registered of [...routes].sort(staticFirst)) {
      const serve = compileRoute(this.#runtime, this, registered)
      handlers.set(router.register(registered.path, [registered.method], serve as never) as Layer, serve)
    }
    // Not `router.routes()`: per request that builds and composes a chain of functions, and a route of ours is one.
    const handle: Mount['handle'] = async (ctx, unmatched) => {
      const { path } = ctx
      const { path: layers, pathAndMethod } = router.match(path, ctx.method)
      const layer = pathAndMethod[0]
      const serve = layer && handlers.get(layer)
      if (!serve) return unmatched([...new Set(layers.flatMap(({ methods }) => methods))])
      ctx.params = layer.params(path, layer.captures(path))
      this.inFlight.enter()
      try {
        await serve(ctx)
      } finally {
        this.inFlight.leave()
      }
    }
    return { routes, handle }
  }

  get #origin(): CallOrigin {
    const { telemetry } = this.#runtime
    return { actor: { kind: 'service', id: this.plugin.name }, traceId: () => telemetry?.traceId() }
  }

  #subscribe(subscription: Subscription): () => void {
    return this.#runtime.delivery.subscribe({
      plugin: this.plugin.name,
      event: subscription.event.id,
      scope: subscription.scope,
      deliver: async ({ id, payload, tenantId }) => {
        const core = new CallCore(this.#runtime, this.#origin)
        const delivery = { id, payload: subscription.event.payload.parse(payload) }
        const call = tenantId === undefined ? undefined : this.ownCall(core, tenantId)
        if (subscription.scope === 'tenant' && !call) return 'skipped'
        return this.#counted(async () => {
          await core.slot.run(tenantId, async () => {
            if (subscription.scope === 'tenant') {
              await subscription.handle(delivery, this.tenantContext(call as TenantCall) as never)
            } else {
              await subscription.handle(delivery, this.platformContext(new Work(core, this)) as never)
            }
          })
          return undefined
        })
      },
    })
  }

  #define(name: string, job: AnyJob): Undefine {
    return this.#runtime.scheduler.define({
      plugin: this.plugin.name,
      name,
      scope: job.scope,
      every: job.every,
      retries: job.retries,
      timeoutMs: job.timeoutMs,
      run: run => this.#counted(() => this.#run(job, run)),
    })
  }

  async #run(job: AnyJob, run: RunContext): Promise<unknown> {
    const core = new CallCore(this.#runtime, { ...this.#origin, signal: () => run.signal })
    const data = job.data.parse(run.data) as z.output<z.ZodType>
    const progress = run.progress.bind(run)
    let result: unknown
    if (job.scope === 'tenant') {
      const call = this.ownCall(core, run.tenantId as string)
      if (!call) return { skipped: 'the plugin is off for this tenant' }
      try {
        result = await job.run(data, Object.assign(this.tenantContext(call), { progress }) as never)
      } catch (error) {
        throw forTenants(error, core, run)
      }
    } else {
      result = await job.run(data, Object.assign(this.platformContext(new Work(core, this)), { progress }) as never)
    }
    await core.flush(run.tenantId)
    return result
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    this.inFlight.enter()
    try {
      return await work()
    } finally {
      this.inFlight.leave()
    }
  }
}

/** A tenant reads why its job failed: only what was meant for a caller is told, the rest is logged. */
function forTenants(error: unknown, core: CallCore, run: RunContext): unknown {
  if (error instanceof Problem || run.signal.aborted) return error
  run.log.error({ err: error, trace_id: core.traceId }, `job ${run.plugin}/${run.name} failed`)
  return new Error(`Something went wrong on our side. Quote the trace id when you report it: ${core.traceId}`)
}

const staticFirst = (a: RegisteredRoute, b: RegisteredRoute): number =>
  Number(a.path.includes(':')) - Number(b.path.includes(':'))

function within<T>(ms: number, what: string, work: T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new PluginFault(`${what} within ${ms / 1000} s`)), ms)
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
