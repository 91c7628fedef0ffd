import type { z } from 'zod'
import type {
  AnyPlugin,
  Channel,
  ChannelFrames,
  Context,
  Delivery,
  Deployment,
  EventRef,
  Frames,
  Gauge,
  Guest,
  GuestRef,
  GuestRoute,
  Kit,
  PermissionKey,
  PlatformContext,
  PlatformJob,
  PlatformRoute,
  Receiver,
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
/** A route for guests whose types are forgotten. */
export type AnyGuestRoute = GuestRoute<ServiceClasses, Refs, Params, AnySchema, AnySchema, AnySchema>
/** A job whose types are forgotten. */
export type AnyJob = TenantJob<ServiceClasses, Refs, z.ZodType> | PlatformJob<ServiceClasses, z.ZodType>

/** A channel whose types are forgotten. */
export type AnyChannel = Channel<string, ServiceClasses, Refs, Frames, Frames>
/** A frame that a channel takes, whose types are forgotten. */
export type AnyReceiver = Receiver<z.ZodType, ServiceClasses, Refs, Frames>
/** Frames added to a channel, whose types are forgotten. */
export type AnyChannelFrames = ChannelFrames<ServiceClasses, Refs, Frames, Record<string, z.ZodType>>

interface RouteFacts {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As the plugin wrote it, with the base: `/api/v1/assets/:id`. */
  readonly path: string
}
/** A route as it was registered. */
export type RegisteredRoute =
  | (RouteFacts & { readonly kind: 'tenant'; readonly route: AnyRoute })
  | (RouteFacts & { readonly kind: 'guest'; readonly route: AnyGuestRoute })
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

/** Guests that a plugin knows, as it registered them. */
export interface KnownGuests {
  readonly ref: GuestRef
  authenticate(credential: string, context: PlatformContext<ServiceClasses>): Promise<Guest | undefined>
}

/** Everything one run of `setup` registered. */
export interface Registrations {
  readonly routes: RegisteredRoute[]
  readonly jobs: Map<string, AnyJob>
  readonly channels: Map<string, AnyChannel>
  /** By the channel that they are added to. */
  readonly frames: Map<string, AnyChannelFrames>
  readonly guests: Map<string, KnownGuests>
  readonly subscriptions: Subscription[]
  readonly gauges: Map<string, Gauge<ServiceClasses>>
  readonly checks: ((context: PlatformContext<ServiceClasses>) => Promise<void>)[]
}

/** Thrown when a plugin breaks the contract; the message names the plugin and the next step. */
export class PluginFault extends Error {
  override readonly name = 'PluginFault'
}

/** Headers of a name of their own: `Authorization` and `Cookie` are for users. */
const HEADER = /^X-[A-Za-z0-9-]{1,60}$/i
const SIGNATURE = /^(GET|POST|PUT|PATCH|DELETE) (\/[^\s]*)$/

/** The path under which a route answers, and the segment that must own it. */
export function placeOf(path: string): { readonly full: string; readonly segment: string } {
  const [, first = '', second = ''] = path.split('/')
  if (first === 'internal' || first === 'v1') return { full: path, segment: `${first}/${second}` }
  return { full: `/api/v1${path}`, segment: first === 'admin' || first === 'settings' ? `${first}/${second}` : first }
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
    frames: new Map(),
    guests: new Map(),
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
    guestRoute(signature, route) {
      guard('guestRoute')
      registrations.routes.push({ ...place(signature), kind: 'guest', route: route as unknown as AnyGuestRoute })
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
    frames(channel, frames) {
      guard('frames')
      if (plugin.segments.includes(channel)) {
        throw fault(`channel "${channel}" is its own; name its frames where it is opened, in kit.channel`)
      }
      if (registrations.frames.has(channel)) throw fault(`frames for channel "${channel}" are registered twice`)
      if (Object.hasOwn(frames.send ?? {}, 'error')) {
        throw fault(
          `its frames for channel "${channel}" send "error", which is the kernel's own; throw a Problem instead`,
        )
      }
      registrations.frames.set(channel, frames as unknown as AnyChannelFrames)
    },
    guests(ref, authenticate) {
      guard('guests')
      if (registrations.guests.has(ref.id)) throw fault(`the guests "${ref.id}" are registered twice`)
      if (!HEADER.test(ref.header)) {
        throw fault(`"${ref.header}" is no header that guests may use; write it as "X-Device-Key"`)
      }
      registrations.guests.set(ref.id, { ref, authenticate: authenticate as unknown as KnownGuests['authenticate'] })
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
