import type { z } from 'zod'
import type {
  AnyPlugin,
  Channel,
  Context,
  Delivery,
  Deployment,
  EventRef,
  Frames,
  Gauge,
  Kit,
  PermissionKey,
  PlatformContext,
  PlatformJob,
  PlatformRoute,
  Route,
  ServiceClasses,
  TenantJob,
} from '../contract.ts'
import type { Log } from '../log/log.ts'

type Refs = NonNullable<AnyPlugin['uses']>
type AnySchema = z.ZodType | undefined
type Params = Readonly<Record<string, string>>

/** A route whose types are forgotten. */
export type AnyRoute = Route<string, ServiceClasses, Refs, Params, AnySchema, AnySchema, AnySchema>
/** A platform route whose types are forgotten. */
export type AnyPlatformRoute = PlatformRoute<ServiceClasses, Params, AnySchema, AnySchema, AnySchema>
/** A job whose types are forgotten. */
export type AnyJob = TenantJob<ServiceClasses, Refs, z.ZodType> | PlatformJob<ServiceClasses, z.ZodType>

/** A channel whose types are forgotten. */
export type AnyChannel = Channel<string, ServiceClasses, ServiceClasses, Refs, Frames, Frames>

interface RouteFacts {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As the plugin wrote it, with the base: `/api/v1/assets/:id`. */
  readonly path: string
}
/** A route as it was registered. */
export type RegisteredRoute =
  | (RouteFacts & { readonly kind: 'tenant'; readonly route: AnyRoute })
  | (RouteFacts & { readonly kind: 'platform'; readonly route: AnyPlatformRoute })

/** An event handler as it was registered. */
export type Subscription =
  | {
      readonly scope: 'tenant'
      readonly event: EventRef
      handle(delivery: Delivery<unknown>, context: Context<ServiceClasses, Refs>): Promise<void>
    }
  | {
      readonly scope: 'platform'
      readonly event: EventRef
      handle(delivery: Delivery<unknown>, context: PlatformContext<ServiceClasses>): Promise<void>
    }

/** Everything one run of `setup` registered. */
export interface Registrations {
  readonly routes: RegisteredRoute[]
  readonly jobs: Map<string, AnyJob>
  readonly channels: Map<string, AnyChannel>
  readonly subscriptions: Subscription[]
  readonly gauges: Map<string, Gauge<ServiceClasses>>
  readonly checks: ((context: PlatformContext<ServiceClasses>) => Promise<void>)[]
}

/** Thrown when a plugin breaks the contract; the message names the plugin and the next step. */
export class PluginFault extends Error {
  override readonly name = 'PluginFault'
}

const SIGNATURE = /^(GET|POST|PUT|PATCH|DELETE) (\/[^\s]*)$/

/** The path under which a route answers, and the segment that must own it. */
export function placeOf(path: string): { readonly full: string; readonly segment: string } {
  const [, first = '', second = ''] = path.split('/')
  return first === 'internal'
    ? { full: path, segment: `internal/${second}` }
    : { full: `/api/v1${path}`, segment: first }
}

/**
 * The kit of one plugin. Each method refuses misuse with a sentence of its own; `close` ends the time of registration.
 */
export function openKit(
  plugin: AnyPlugin,
  config: unknown,
  log: Log,
  deployment: Deployment,
  own: AsyncDisposableStack,
  known: ReadonlySet<string>,
): {
  readonly kit: Kit<string, unknown, ServiceClasses, ServiceClasses, Refs>
  readonly registrations: Registrations
  close(): void
} {
  const registrations: Registrations = {
    routes: [],
    jobs: new Map(),
    channels: new Map(),
    subscriptions: [],
    gauges: new Map(),
    checks: [],
  }
  let open = true
  const fault = (message: string): PluginFault => new PluginFault(`plugin "${plugin.name}": ${message}`)
  const guard = (method: string): void => {
    if (!open) throw fault(`kit.${method} may only be called inside setup()`)
  }

  function place(signature: string): RouteFacts {
    const parts = SIGNATURE.exec(signature)
    if (!parts) throw fault(`"${signature}" is not a route; write it as "GET /assets/:id"`)
    const { full, segment } = placeOf(parts[2] as string)
    if (!plugin.segments.includes(segment)) {
      throw fault(`"${signature}" is outside its segments (${plugin.segments.join(', ')}); add "${segment}" to them`)
    }
    const method = parts[1] as RouteFacts['method']
    if (registrations.routes.some(route => route.method === method && route.path === full)) {
      throw fault(`"${signature}" is registered twice`)
    }
    return { method, path: full }
  }

  const kit: Kit<string, unknown, ServiceClasses, ServiceClasses, Refs> = {
    config,
    log,
    deployment,
    own,
    route(signature, route) {
      guard('route')
      const facts = place(signature)
      if (route.permission !== 'signed-in' && !known.has(route.permission)) {
        throw fault(`"${signature}" asks for the permission "${route.permission}", which no descriptor declares`)
      }
      registrations.routes.push({ ...facts, kind: 'tenant', route: route as unknown as AnyRoute })
    },
    platformRoute(signature, route) {
      guard('platformRoute')
      registrations.routes.push({ ...place(signature), kind: 'platform', route: route as unknown as AnyPlatformRoute })
    },
    job(name, job) {
      guard('job')
      if (registrations.jobs.has(name)) throw fault(`job "${name}" is registered twice`)
      if (job.scope === 'tenant' && job.whenOn && plugin.feature === undefined) {
        throw fault(`job "${name}" runs when the feature goes on, but the descriptor has no "feature"`)
      }
      if (job.scope === 'tenant' && job.permission !== undefined && !known.has(job.permission)) {
        throw fault(`job "${name}" asks for the permission "${job.permission}", which no descriptor declares`)
      }
      registrations.jobs.set(name, job as unknown as AnyJob)
    },
    channel(name, channel) {
      guard('channel')
      if (!plugin.segments.includes(name) || name.includes('/')) {
        throw fault(`channel "${name}" is none of its segments (${plugin.segments.join(', ')}); add "${name}" to them`)
      }
      if (registrations.channels.has(name)) throw fault(`channel "${name}" is registered twice`)
      if (channel.permission !== 'signed-in' && !known.has(channel.permission)) {
        throw fault(`channel "${name}" asks for the permission "${channel.permission}", which no descriptor declares`)
      }
      if (Object.hasOwn(channel.send, 'error')) {
        throw fault(`channel "${name}" sends "error", which is the kernel's own frame; throw a Problem instead`)
      }
      registrations.channels.set(name, channel as unknown as AnyChannel)
    },
    on(event, handle) {
      guard('on')
      registrations.subscriptions.push({ scope: 'tenant', event, handle: handle as never })
    },
    onPlatform(event, handle) {
      guard('onPlatform')
      registrations.subscriptions.push({ scope: 'platform', event, handle: handle as never })
    },
    gauge(name, gauge) {
      guard('gauge')
      if (!/^[a-z][a-z0-9_]*$/.test(name)) throw fault(`"${name}" is no name of a gauge; write it as "feed_age"`)
      if (registrations.gauges.has(name)) throw fault(`gauge "${name}" is registered twice`)
      registrations.gauges.set(name, gauge as unknown as Gauge<ServiceClasses>)
    },
    healthy(check) {
      guard('healthy')
      registrations.checks.push(check as unknown as Registrations['checks'][number])
    },
  }
  return {
    kit,
    registrations,
    close() {
      open = false
    },
  }
}

/** True for a permission that some descriptor declares, or that the kernel itself knows. */
export type KnownPermissions = ReadonlySet<PermissionKey>
