import type { z } from 'zod'
import type { AzureCredential } from '../../db/dialects/azure-credential.ts'
import type { Log } from '../log/log.ts'
import type { Signer } from '../secrets/signer.ts'
import type { Actor } from './call.ts'
import type { Channel, ChannelFrames, Frames } from './channel.ts'
import type { Context, PlatformContext, Refs, ServiceClasses } from './context.ts'
import type { Gauge } from './gauge.ts'
import type { PlatformJob, TenantJob } from './job.ts'
import type { EventRef, GuestRef, PermissionKey } from './refs.ts'
import type { GuestRoute, Optional, PathParams, PlatformRoute, Route, Signature } from './route.ts'

/** Somebody who is no user, as the plugin that knows such guests sees them. */
export interface Guest {
  readonly tenantId: string
  readonly actor: Actor
  /** What `call.can` says yes to; default: nothing. */
  readonly permissions?: readonly PermissionKey[]
}

/** An event as a handler gets it: the id is the same each time it is delivered. */
export interface Delivery<P> {
  readonly id: string
  readonly payload: P
}

/** Facts of the installation. Services find them as `deployment`. */
export interface Deployment {
  readonly production: boolean
  /** Folder for what the server keeps on disk; use a subfolder of your own. */
  readonly dataDir: string
  /** Signs in to services of Azure, as the identity that Azure gives this process; nothing is loaded before it is asked. */
  readonly azure: AzureCredential
  /** A signer with keys of its own, made of SECRET_KEY. @param purpose `<plugin>.<noun>` */
  signer(purpose: string): Signer
}

/** The only way a plugin registers behaviour. Every method throws outside `setup`. */
export interface Kit<Perm extends string, C, S extends ServiceClasses, PS extends ServiceClasses, U extends Refs> {
  /** The plugin's settings, checked. */
  readonly config: C
  readonly log: Log
  readonly deployment: Deployment
  /** What must be closed when the plugin stops, last opened first. */
  readonly own: AsyncDisposableStack
  route<
    const At extends Signature,
    Q extends Optional = undefined,
    B extends Optional = undefined,
    R extends Optional = undefined,
  >(signature: At, route: Route<Perm, S, U, PathParams<At>, Q, B, R>): void
  guestRoute<
    const At extends Signature,
    Q extends Optional = undefined,
    B extends Optional = undefined,
    R extends Optional = undefined,
  >(signature: At, route: GuestRoute<S, U, PathParams<At>, Q, B, R>): void
  platformRoute<
    const At extends Signature,
    Q extends Optional = undefined,
    B extends Optional = undefined,
    R extends Optional = undefined,
  >(signature: At, route: PlatformRoute<PS, PathParams<At>, Q, B, R>): void
  job<D extends z.ZodType>(name: string, job: TenantJob<S, U, D> | PlatformJob<PS, D>): void
  /** Opens a WebSocket channel; its name is one of the plugin's `segments`. */
  channel<F extends Frames, R extends Frames = Record<never, never>>(
    name: string,
    channel: Channel<Perm, S, U, F, R>,
  ): void
  /**
   * Adds frames to the channel of another plugin, by its name. They are taken while both plugins run and are on for the
   * tenant, else answered with an `error` frame; the types of frames of one channel belong to one plugin each. Who may
   * open the channel may send them: a receiver that asks for more looks at `call.can`.
   */
  frames<F extends Frames = Record<never, never>, R extends Frames = Record<never, never>>(
    channel: string,
    frames: ChannelFrames<S, U, F, R>,
  ): void
  /**
   * Says whose a credential is; undefined: nobody's, which is answered with 401. Throw a `Problem` for another answer.
   * Asked for every request, and once for a socket: what changes later is told with `disconnect`.
   */
  guests(
    ref: GuestRef,
    authenticate: (credential: string, context: PlatformContext<PS>) => Promise<Guest | undefined>,
  ): void
  /** Hears an event of a tenant for which the plugin is on. */
  on<P extends z.ZodType>(
    event: EventRef<P>,
    handle: (delivery: Delivery<z.output<P>>, context: Context<S, U>) => Promise<void>,
  ): void
  /** Hears an event that belongs to no tenant. */
  onPlatform<P extends z.ZodType>(
    event: EventRef<P>,
    handle: (delivery: Delivery<z.output<P>>, context: PlatformContext<PS>) => Promise<void>,
  ): void
  /**
   * Part of `/health/ready` and `/health/plugins/<name>`: reject to say what is wrong, within five seconds. Read with
   * prepared queries: they do not wait for a write that takes long.
   */
  healthy(check: (context: PlatformContext<PS>) => Promise<void>): void
  /** Exports a measure as the metric `monozu.<plugin>.<name>`; costs nothing where no metrics are exported. */
  gauge(name: string, gauge: Gauge<PS>): void
}
