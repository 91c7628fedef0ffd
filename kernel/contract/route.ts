import type { Readable } from 'node:stream'
import type { z } from 'zod'
import type { Context, PlatformContext, Refs, ServiceClasses } from './context.ts'
import type { GuestRef } from './refs.ts'

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
/** A schema, or none. */
export type Optional = z.ZodType | undefined

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
  /**
   * `public`: anybody. `internal-token`: X-Internal-Token. `signature`: the handler checks `rawBody` itself.
   * `platform-admin`: operators of the platform, where ADMIN_PANEL_ENABLED is on; elsewhere there is no such route. Every
   * call is audited, reads too: in the tenants that the handler names with `call.audit`, else in the platform's log.
   */
  readonly access: 'public' | 'internal-token' | 'signature' | 'platform-admin'
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
  (R extends z.ZodType ? z.input<R> : undefined | void) | import('../http/reply.ts').Reply

/** `METHOD /path/:id`; paths are below `/api/v1` unless they start with `/internal/` or `/v1/`. */
export type Signature = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`
