/**
 * Everything a plugin may import from the kernel. A plugin is one frozen descriptor, readable before any of its code
 * runs, and one `setup(kit)` that registers behaviour through `kit`, so that the kernel can undo all of it.
 */
import type { Readable } from 'node:stream'
import type { z } from 'zod'
import type { AzureCredential } from '../db/dialects/azure-credential.ts'
import type { PlatformDb } from './data/platform-db.ts'
import type { TenantDb } from './data/tenant-db.ts'
import type { Log } from './log/log.ts'
import type { Signer } from './secrets/signer.ts'

export { whereContains } from './data/contains.ts'
export { newId } from './data/id.ts'
export { atLeast, contains, defineList, equals, type Filter, type ListPage, oneOf, queryFlag } from './data/list.ts'
export { type PreparedQuery, prepare } from './data/prepared.ts'
export { type ErrorCode, Problem, problem } from './errors.ts'
export { csvReply, etagReply, Reply, reply } from './http/reply.ts'
export { equalSecrets } from './secrets/keys.ts'
export type { Signer } from './secrets/signer.ts'
export type { AzureCredential, Log, PlatformDb, TenantDb }

/** A permission key: `resource:action`. */
export type PermissionKey = `${string}:${string}`

/** A typed name of a service that one plugin offers and others use; the value is bound by the provider. */
export interface ServiceRef<T> {
  readonly id: string
  /** Only carries the type. */
  readonly type?: T
}

/** A typed name of an event: what its payload looks like, wherever it is sent or heard. */
export interface EventRef<P extends z.ZodType = z.ZodType> {
  readonly id: string
  readonly payload: P
}

/** Names a service, `<plugin>.<noun>`. Export it from the provider's `public.ts`. */
export const serviceRef = <T>(id: string): ServiceRef<T> => Object.freeze({ id })

/** Names an event, `<plugin>.<noun>-<past participle>`, with the schema of its payload. */
export const eventRef = <P extends z.ZodType>(id: string, payload: P): EventRef<P> => Object.freeze({ id, payload })

/**
 * A kind of guest: somebody who is no user and brings a credential of its own, such as a device. One plugin says whose it
 * is (`kit.guests`); routes and channels of any plugin may be for such guests.
 */
export interface GuestRef {
  readonly id: string
  /** The request header that brings the credential, such as `X-Device-Key`. */
  readonly header: string
}

/** Names a kind of guest, `<plugin>.<noun>`. Export it from the `public.ts` of the plugin that knows them. */
export const guestRef = (id: string, header: string): GuestRef => Object.freeze({ id, header })

/** The tenant a call works for. */
export interface Tenant {
  readonly id: string
  readonly name: string
  readonly account_name: string
  readonly status: TenantStatus
}

/** Contract 15.1: `grace` keeps everything but licensed features, `expired` and `suspended` keep nobody in. */
export type TenantStatus = 'pending' | 'active' | 'grace' | 'expired' | 'suspended'

/** Who does it. */
export interface Actor {
  readonly kind: 'user' | 'device' | 'service' | 'anonymous'
  readonly id: string
}

/** One line of the audit log. Values under keys that name secrets are left out when it is written. */
export interface AuditEntry {
  /** `<resource>.<past participle>`, such as `asset.updated`. Default: derived from the route. */
  readonly action?: string
  readonly resourceType: string
  readonly resourceId: string
  readonly before?: unknown
  readonly after?: unknown
}

interface AnyCall {
  readonly actor: Actor
  readonly log: Log
  /** Aborted when the client went away, the job timed out, or the kernel stops. */
  readonly signal: AbortSignal
  /** W3C trace id, 32 hex digits. */
  readonly traceId: string
  /** The time by the kernel's clock; tests move it. */
  now(): Date
  /**
   * The address of a path of this server: below API_PUBLIC_URL or, without that, as the client of this request reached it.
   * Where neither is known, the path alone.
   */
  publicUrl(path: string): string
}

/** What work may know of the tenant's call it serves: the same object for HTTP, WebSocket, job and event. */
export interface Call extends AnyCall {
  readonly tenant: Tenant
  readonly db: TenantDb
  /** True when the actor holds the permission. */
  can(permission: PermissionKey): boolean
  /** Adds a line to the audit log, in the transaction of the call. */
  audit(entry: AuditEntry): void
  /** Tells other plugins, through the outbox: delivered at least once, in order per tenant, only if the call commits. */
  emit<P extends z.ZodType>(event: EventRef<P>, payload: z.input<P>): Promise<void>
  /**
   * Queues one of the plugin's own jobs, in the transaction of the call.
   * @param options.unique while a job of this name and key is queued, no second one is made
   * @returns the id under which `GET /api/v1/jobs/:id` shows it
   */
  enqueue(job: string, data: unknown, options?: { readonly unique?: string }): Promise<string>
  /**
   * Sends a frame to the tenant's sockets on one of the plugin's own channels, on all instances, once the call commits.
   * Who is not connected never gets it: what must not be lost is stored, and read over HTTP.
   * @param to default: everybody on the channel
   */
  publish(channel: string, type: string, data: unknown, to?: Recipients): void
  /** Closes, with 4401, the sockets that these users or devices have on one of the plugin's own channels. */
  disconnect(channel: string, actorIds: readonly string[]): void
  /** Wakes whoever listens for the topic, on all instances, once the call commits. Topics are the tenant's and plugin's own. */
  wake(topic: string): void
  /**
   * Begins to listen for `wake(topic)`. Look whether there is something to do after this, and before waiting, so that
   * nothing is missed: `using bell = call.listen('commands')`.
   */
  listen(topic: string): Listening
}

/** Somebody who listens for a topic, until disposed. */
export interface Listening extends Disposable {
  /**
   * True as soon as there was a wake since the last time. False after `ms`, when the client is gone, and when the plugin or
   * the process begins to stop, so that a long poll holds up neither.
   */
  heard(ms: number): Promise<boolean>
}

/** The call of work that belongs to no tenant: sign-in, webhooks, global catalogues. */
export interface PlatformCall extends AnyCall {
  readonly db: PlatformDb
  /** The tenant of this id, with its status at this moment; undefined when there is none. */
  tenant(id: string): Tenant | undefined
  /** Adds a line to the audit log of the tenant it touches. */
  audit(tenantId: string, entry: AuditEntry): void
  emit<P extends z.ZodType>(event: EventRef<P>, payload: z.input<P>, tenantId?: string): Promise<void>
  enqueue(
    job: string,
    data: unknown,
    options?: { readonly unique?: string; readonly tenantId?: string },
  ): Promise<string>
  /** The same as in a tenant's call, for one tenant. */
  publish(tenantId: string, channel: string, type: string, data: unknown, to?: Recipients): void
  disconnect(tenantId: string, channel: string, actorIds: readonly string[]): void
}

/** Services are classes made once per call, on first use, with one object of named dependencies (Awilix PROXY). */
export type ServiceClasses = Readonly<Record<string, new (cradle: never) => object>>
type Services<S extends ServiceClasses> = { readonly [K in keyof S]: InstanceType<S[K]> }
type Refs = Readonly<Record<string, ServiceRef<unknown>>>
type Used<R extends Refs> = { readonly [K in keyof R]: R[K] extends ServiceRef<infer T> ? T : never }

/** What a handler gets: the call, the plugin's services and the services of others it uses. */
export type Context<S extends ServiceClasses, U extends Refs> = { readonly call: Call } & Services<S> & Used<U>
/** The same for work without a tenant. */
export type PlatformContext<S extends ServiceClasses> = { readonly call: PlatformCall } & Services<S>

/** A request body that is read as a stream instead of being parsed. */
export interface Upload {
  /** Media type of the content, without parameters. */
  readonly type: string
  readonly filename: string | undefined
  /** The text fields of the form that the file came in; none without a form. */
  readonly fields: Readonly<Record<string, string>>
  readonly content: Readable
}

type Output<S> = S extends z.ZodType ? z.output<S> : undefined
type Optional = z.ZodType | undefined

interface RouteOptions<Q extends Optional, B extends Optional, R extends Optional> {
  /** One line for the API documentation. */
  readonly summary: string
  readonly description?: string
  /** Schema of the path's parameters; default: every parameter is a UUID. */
  readonly params?: z.ZodType<Record<string, string>>
  readonly query?: Q
  /** Schema of the JSON body. Unknown fields are refused when it is a strict object. */
  readonly body?: B
  /** Largest body in bytes; default 100 kB for JSON. */
  readonly maxBytes?: number
  /** Also take a JSON body with `Content-Encoding: gzip`; `maxBytes` is then the limit of both its forms. */
  readonly gzip?: boolean
  /** Take the body as a stream of one of these media types instead of JSON. */
  readonly upload?: { readonly types: readonly string[] }
  /** Schema of the answer; undefined: no body (204). */
  readonly returns?: R
  /** Media type of a streamed answer. */
  readonly produces?: string
  /** Status of success; default 200, 204 without `returns`. */
  readonly status?: number
  /** At most so many requests a minute, per tenant and user, or per address where nobody is signed in. */
  readonly limit?: { readonly perMinute: number }
  /** False for a write that is not worth a line (a dry run); default: every non-GET is audited. */
  readonly audit?: false | { readonly action: string; readonly resourceType: string }
  /** True when the answer shows a secret once: a repeat under the same idempotency key does not get it again. */
  readonly secretAnswer?: boolean
  /** False for writes that open their own transactions, because they run long. Default: one transaction a write. */
  readonly atomic?: boolean
  readonly deprecated?: boolean
}

type ParamNames<S extends string> = S extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : S extends `${string}:${infer Name}`
    ? Name
    : never

/** The parameters that a signature names: `GET /assets/:id` has `{ id: string }`. */
export type PathParams<S extends string> = { readonly [Name in ParamNames<S>]: string }

/** What the request brought, checked. */
export interface Input<P, Q, B> {
  readonly params: P
  readonly query: Q
  readonly body: B
  /** The revision named by `If-Match`; undefined without the header. */
  readonly ifMatch: number | undefined
  /** The body of a route with `upload`. */
  readonly upload: Upload
}

/** A route of a tenant: signed in, feature on, permission held. */
export interface Route<
  Perm extends string,
  S extends ServiceClasses,
  U extends Refs,
  P,
  Q extends Optional,
  B extends Optional,
  R extends Optional,
> extends RouteOptions<Q, B, R> {
  /** The permission to hold; `signed-in` asks for none. */
  readonly permission: Perm | 'signed-in'
  handle(input: Input<P, Output<Q>, Output<B>>, context: Context<S, U>): Promise<Answer<R>> | Answer<R>
}

/** A route of a tenant for guests, such as devices: known by their credential, feature on. */
export interface GuestRoute<
  S extends ServiceClasses,
  U extends Refs,
  P,
  Q extends Optional,
  B extends Optional,
  R extends Optional,
> extends RouteOptions<Q, B, R> {
  readonly guests: GuestRef
  handle(input: Input<P, Output<Q>, Output<B>>, context: Context<S, U>): Promise<Answer<R>> | Answer<R>
}

/** Facts of the request that only platform routes may look at. */
export interface RequestFacts {
  readonly address: string
  readonly userAgent: string
  header(name: string): string
  cookie(name: string): string | undefined
  /** The bytes of the body as they came, for signatures. */
  readonly rawBody: Buffer
}

/** A route outside any tenant. */
export interface PlatformRoute<S extends ServiceClasses, P, Q extends Optional, B extends Optional, R extends Optional>
  extends RouteOptions<Q, B, R> {
  /** `public`: anybody. `internal-token`: X-Internal-Token. `signature`: the handler checks `rawBody` itself. */
  readonly access: 'public' | 'internal-token' | 'signature'
  /** True: also served by a process of the role `ingest`, which otherwise serves guests only. */
  readonly edge?: boolean
  handle(
    input: Input<P, Output<Q>, Output<B>>,
    context: PlatformContext<S>,
    request: RequestFacts,
  ): Promise<Answer<R>> | Answer<R>
}

type Answer<R extends Optional> =
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler without an answer may be an async function
  (R extends z.ZodType ? z.input<R> : undefined | void) | import('./http/reply.ts').Reply

/** `METHOD /path/:id`; paths are below `/api/v1` unless they start with `/internal/` or `/v1/`. */
export type Signature = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`

/** How far a job is. */
export interface Progress {
  readonly done: number
  readonly total?: number
  readonly message?: string
}

interface JobOptions<D extends z.ZodType> {
  /** Schema of the data a run gets; for recurring jobs `{}` must satisfy it. */
  readonly data: D
  /** Run by itself: an interval (`2 hours`) or a cron line, in UTC. */
  readonly every?: string
  /** Times to try again after a failure; default 3, with growing pauses. */
  readonly retries?: number
  /** Milliseconds until a run's signal is aborted; default ten minutes. */
  readonly timeoutMs?: number
}

/** A job that runs for one tenant at a time. */
export interface TenantJob<S extends ServiceClasses, U extends Refs, D extends z.ZodType> extends JobOptions<D> {
  readonly scope: 'tenant'
  /**
   * What `GET /jobs/:id` asks for besides `jobs:read`, because progress and result tell what this permission guards. Who
   * began a run may read it anyway.
   */
  readonly permission?: PermissionKey
  /**
   * True: also queued when the feature of the plugin goes on for a tenant, by a licence that is new, renewed or extended;
   * `{}` must satisfy `data`. What happened while the feature was off, the plugin has not heard of.
   */
  readonly whenOn?: boolean
  run(data: z.output<D>, context: Context<S, U> & { progress(progress: Progress): void }): Promise<unknown>
}

/** A job that belongs to no tenant. */
export interface PlatformJob<S extends ServiceClasses, D extends z.ZodType> extends JobOptions<D> {
  readonly scope: 'platform'
  run(data: z.output<D>, context: PlatformContext<S> & { progress(progress: Progress): void }): Promise<unknown>
}

/** A measure that operators watch, such as the age of a feed. It is read only when metrics are exported. */
export interface Gauge<PS extends ServiceClasses> {
  /** UCUM: `s`, `By`, `{row}`. */
  readonly unit: string
  readonly description: string
  /** Reads it, within five seconds, with prepared queries: at most a few hundred values, told apart by attributes. */
  read(
    context: PlatformContext<PS>,
  ): Promise<readonly { readonly value: number; readonly attributes?: Readonly<Record<string, string>> }[]>
}

/** Who gets a frame, of those on the channel: who is named, and who holds the permission. */
export interface Recipients {
  /** Ids of users or devices. */
  readonly actors?: readonly string[]
  readonly permission?: PermissionKey
}

/** The type of each frame that goes one way, with the schema of its `data`. */
export type Frames = Readonly<Record<string, z.ZodType>>

/** One connection of a channel, while it is open; what is sent after its end is dropped. */
export interface ChannelSocket<F extends Frames> {
  /**
   * Told apart from all others by this text. Ids rise by time, over all instances too: of two sockets of one device the
   * one with the greater id is the newer, and what `closed` of the older one finds changed by the newer it leaves alone.
   */
  readonly id: string
  /**
   * Sends a frame to this client alone, once the transaction of the frame under way has committed. It carries the `id` of
   * the frame that is handled, so that the client knows what it answers.
   */
  send<T extends keyof F & string>(type: T, data: z.input<F[T]>): void
}

/** A frame that a channel takes from its clients. */
export interface Receiver<D extends z.ZodType, S extends ServiceClasses, U extends Refs, F extends Frames> {
  /** One line for the documentation. */
  readonly summary: string
  /** Schema of `data`; unknown fields are refused when it is a strict object. */
  readonly data: D
  /** False for work that opens its own transactions, because it runs long. Default: one transaction a frame. */
  readonly atomic?: boolean
  /** Frames of one socket are handled one after the other. A `Problem` that it throws becomes an `error` frame. */
  handle(data: z.output<D>, context: Context<S, U> & { readonly socket: ChannelSocket<F> }): Promise<void> | void
}

/** Somebody who is no user, as the plugin that knows such guests sees them. */
export interface Guest {
  readonly tenantId: string
  readonly actor: Actor
  /** What `call.can` says yes to; default: nothing. */
  readonly permissions?: readonly PermissionKey[]
}

/** A WebSocket channel of the tenant, `/api/ws/<name>`: signed in, feature on, permission held, now and later. */
export interface Channel<
  Perm extends string,
  S extends ServiceClasses,
  U extends Refs,
  F extends Frames,
  R extends Frames,
> {
  /** One line for the documentation. */
  readonly summary: string
  readonly description?: string
  /** The permission to hold; `signed-in` asks for none. */
  readonly permission: Perm | 'signed-in'
  /** What the channel sends. The type `error` is the kernel's own. */
  readonly send: F
  /** What it takes; default: nothing. */
  readonly receive?: { readonly [T in keyof R]: Receiver<R[T], S, U, F> }
  /** Whom it is for; default: users, with an access token. Guests hold what their plugin says. */
  readonly guests?: GuestRef
  /** True: one socket per user or guest, on all instances. A newer one closes the older with 4409 `replaced`. */
  readonly single?: boolean
  /** Largest frame taken, in bytes; default 64 kB. A larger one closes the socket with 4413. */
  readonly maxBytes?: number
  /** Frames taken from one socket; default 20 a second, 60 at once. More closes it with 4429. */
  readonly limit?: { readonly perSecond: number; readonly burst: number }
  /** Called once a socket is open, before its first frame is handled. */
  opened?(context: Context<S, U> & { readonly socket: ChannelSocket<F> }): Promise<void> | void
  /** Called when a socket has closed, after its last frame; the actor may have a newer one by then. */
  closed?(context: Context<S, U> & { readonly socket: Pick<ChannelSocket<F>, 'id'> }): Promise<void> | void
}

/** Frames that a plugin adds to the channel of another one. */
export interface ChannelFrames<S extends ServiceClasses, U extends Refs, F extends Frames, R extends Frames> {
  /** What its receivers may send. */
  readonly send?: F
  readonly receive: { readonly [T in keyof R]: Receiver<R[T], S, U, F> }
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

/** What `definePlugin` takes; see `docs/plugins.md`. */
export interface PluginDescriptor<
  Perm extends PermissionKey = PermissionKey,
  C extends z.ZodObject = z.ZodObject,
  S extends ServiceClasses = ServiceClasses,
  PS extends ServiceClasses = ServiceClasses,
  U extends Refs = Refs,
> {
  /** Kebab-case, as its folder. */
  readonly name: string
  readonly version: string
  readonly title: string
  /** The key in `tenant_features` that switches it on; undefined: on for every active tenant. */
  readonly feature?: string
  /**
   * First path segments it owns: `assets` owns `/api/v1/assets/…` and the channel `/api/ws/assets`, `internal/cve-feed`
   * owns `/internal/cve-feed/…`, `v1/ingest` owns `/v1/ingest/…`.
   */
  readonly segments: readonly string[]
  readonly permissions?: Readonly<Record<Perm, string>>
  /** Settings it reads from the environment. */
  readonly config?: C
  /** Services of other plugins it needs. */
  readonly uses?: U
  /** Services it offers: service name to ref. */
  readonly offers?: Readonly<Record<string, ServiceRef<unknown>>>
  readonly emits?: readonly EventRef[]
  /** Tables without a tenant that `db.shared()` may read. */
  readonly sharedTables?: readonly string[]
  /** Folder of its migrations (`V1__assets.ts` …), with a history table of its own; see `docs/migrations.md`. */
  readonly migrations?: string
  /** Classes made once per tenant call, on first use. */
  readonly services?: S
  /** Classes made once per platform call, on first use. */
  readonly platformServices?: PS
  /** What a first start fills in, so that there is something to look at: the platform's part, then the tenant's. */
  readonly demo?: {
    platform?(context: PlatformContext<PS>): Promise<void>
    tenant?(context: Context<S, U>): Promise<void>
  }
  setup(kit: Kit<NoInfer<Perm>, z.output<C>, NoInfer<S>, NoInfer<PS>, NoInfer<U>>): void | Promise<void>
}

/** The kit of a plugin: for a file of it that registers a part of its routes or jobs. */
export type KitOf<D> =
  D extends PluginDescriptor<infer Perm, infer C, infer S, infer PS, infer U> ? Kit<Perm, z.output<C>, S, PS, U> : never

/** A plugin, whatever its types. */
export type AnyPlugin = PluginDescriptor<PermissionKey, z.ZodObject, ServiceClasses, ServiceClasses, Refs>

/** Checks nothing and runs nothing: it only fixes the types and freezes the descriptor. */
export const definePlugin = <
  const Perm extends PermissionKey = never,
  C extends z.ZodObject = z.ZodObject<Record<never, never>>,
  S extends ServiceClasses = Record<never, never>,
  PS extends ServiceClasses = Record<never, never>,
  U extends Refs = Record<never, never>,
>(
  descriptor: PluginDescriptor<Perm, C, S, PS, U>,
): PluginDescriptor<Perm, C, S, PS, U> => Object.freeze(descriptor)
