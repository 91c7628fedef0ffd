import { createHash } from 'node:crypto'
import type Koa from 'koa'
import type { Principal, TenantState } from '../access/principal.ts'
import { CallCore, type CallOrigin, newTraceId, PlatformWork, TenantCall } from '../call.ts'
import type { Actor, Context, PlatformContext, RequestFacts, ServiceClasses } from '../contract.ts'
import { problem } from '../errors.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { AnyPlatformRoute, AnyRoute, RegisteredRoute } from '../plugins/registrations.ts'
import type { Runtime } from '../runtime.ts'
import { equalSecrets } from '../secrets/keys.ts'
import { gate } from '../tenancy/gate.ts'
import { DEFAULT_JSON_LIMIT, parseJson, rawBody } from './body.ts'
import { beginIdempotent, finishIdempotent, holdIdempotencyKey, type IdempotentRequest } from './idempotency.ts'
import { inputReader, type OpenInput, parse } from './input.ts'
import { addressKey, createLimiter } from './limits.ts'
import { Reply } from './reply.ts'
import { runAgainWhenUndone } from './run-again.ts'
import { send } from './send.ts'
import { traceParentOf } from './trace-parent.ts'

/** Serves one route. */
export type RouteHandler = (ctx: Koa.Context) => Promise<void>

/** What the request log and the error answer read from `ctx.state`. */
export interface RequestState {
  route?: string
  plugin?: string
  tenantId?: string
  actorId?: string
  traceId?: string
  /** The request's own span, where traces are recorded. */
  spanId?: string
}

const anonymous: Actor = Object.freeze({ kind: 'anonymous', id: 'anonymous' })
const management: Actor = Object.freeze({ kind: 'service', id: 'internal' })

/** The trace id of a request: the caller's, if it sent a W3C `traceparent`, else a new one; the same each time. */
export function traceIdOf(ctx: Koa.Context): string {
  const state = ctx.state as RequestState
  return (state.traceId ??= traceParentOf(ctx.req.headers)?.traceId ?? newTraceId())
}

/** The caller's address: an IPv4 one as such, also where the socket takes both kinds. */
export function addressOf(ctx: Koa.Context): string {
  const { ip } = ctx
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip
}

/** Compiles a registered route: what can be decided at start is decided here, a request only runs it. */
export function compileRoute(runtime: Runtime, host: PluginHost, registered: RegisteredRoute): RouteHandler {
  return registered.kind === 'tenant'
    ? tenantRoute(runtime, host, registered, registered.route)
    : platformRoute(runtime, host, registered, registered.route)
}

function tenantRoute(runtime: Runtime, host: PluginHost, registered: RegisteredRoute, route: AnyRoute): RouteHandler {
  const { method, path } = registered
  const writes = method !== 'GET'
  const read = inputReader(path, route, writes)
  const status = route.status ?? 200
  const feature = host.plugin.feature
  const permission = route.permission === 'signed-in' ? undefined : (route.permission as `${string}:${string}`)
  const limiter = route.limit ? createLimiter(route.limit.perMinute) : undefined
  const audit = defaultAudit(registered)
  const check = answerCheck(runtime, registered)
  const again = writes && route.atomic !== false && !route.upload

  return async ctx => {
    const state = ctx.state as RequestState
    state.route = path
    state.plugin = host.plugin.name
    const authenticated = runtime.authenticator.authenticate(ctx.req.headers.authorization)
    const principal = authenticated instanceof Promise ? await authenticated : authenticated
    state.tenantId = principal.tenantId
    state.actorId = principal.actor.id
    runtime.ceilings.tenant(principal.tenantId)
    const known = runtime.tenant(principal.tenantId) ?? (await madeElsewhere(runtime, principal))
    const tenant = admit(known, feature)
    if (permission && !principal.permissions.has(permission)) {
      throw problem('forbidden', `This needs the permission "${permission}".`)
    }
    if (limiter) await limiter.take(`${principal.tenantId}:${principal.actor.id}`)

    const reading = read(ctx)
    const open = reading instanceof Promise ? await reading : reading
    try {
      const attempt = async (): Promise<unknown> => {
        const core = new CallCore(runtime, new RequestOrigin(ctx, principal.actor))
        const call = new TenantCall(core, host, tenant.tenant, principal.permissions)
        const context = host.tenantContext(call) as Context<ServiceClasses, Record<never, never>>
        if (!writes) return route.handle(open.input, context)
        const work = async (): Promise<unknown> => route.handle(open.input, context)
        return write(ctx, registered, core, principal, open, () => audited(core, call.tenant.id, audit, open, work))
      }
      const answer = again ? await runAgainWhenUndone(runtime.database.dialect, attempt) : await attempt()
      check?.(answer)
      send(ctx, answer, status)
    } finally {
      if (open.upload) await open.upload[Symbol.asyncDispose]()
    }
  }
}

/** The tenant of a principal, if the plugin is on for it. */
function admit(tenant: TenantState | undefined, feature: string | undefined): TenantState {
  if (!tenant) throw problem('unauthenticated', 'The account of this token is gone.')
  const refused = gate(feature, tenant)
  if (refused) throw refused
  return tenant
}

/** A tenant that another instance has made a moment ago: its user has a session, so it is looked for at once. */
async function madeElsewhere(runtime: Runtime, { tenantId }: Principal): Promise<TenantState | undefined> {
  await runtime.refreshTenants()
  return runtime.tenant(tenantId)
}

/** Runs a write in one transaction, once per idempotency key. */
async function write(
  ctx: Koa.Context,
  { method, route }: RegisteredRoute,
  core: CallCore,
  principal: Principal,
  open: OpenInput,
  work: () => Promise<unknown>,
): Promise<unknown> {
  if (route.atomic === false) return work()
  // An upload is read as it comes in, so the transaction may wait for the client.
  const options = { short: !route.upload }
  const key = ctx.get('Idempotency-Key')
  if (method !== 'POST' || key === '' || route.upload) return core.slot.run(principal.tenantId, work, options)
  const request: IdempotentRequest = {
    tenantId: principal.tenantId,
    actorId: principal.actor.id,
    key,
    method,
    path: ctx.path,
    requestHash: createHash('sha256')
      .update(JSON.stringify([ctx.querystring, open.input.body]))
      .digest('hex'),
    now: core.runtime.now(),
  }
  using _held = holdIdempotencyKey(request)
  const db = core.platform.forTenant(principal.tenantId)
  const once = async (): Promise<unknown> => {
    const begun = await beginIdempotent(db, request)
    if (begun.kind === 'repeat') {
      return new Reply(begun.body, {
        status: begun.status,
        headers: { ...begun.headers, 'Idempotency-Replayed': 'true' },
      })
    }
    const answer = await work()
    const { body, status } = plain(answer, route.status ?? 200)
    const revision = answer instanceof Reply ? answer.options.revision : undefined
    const headers = revision === undefined ? undefined : { ETag: `"${revision}"` }
    await finishIdempotent(db, request, { status, body, headers, keep: route.secretAnswer !== true })
    return answer
  }
  return await core.slot.run(principal.tenantId, once, options)
}

function plain(answer: unknown, status: number): { body: unknown; status: number } {
  return answer instanceof Reply
    ? { body: answer.body, status: answer.options.status ?? status }
    : { body: answer, status }
}

interface DefaultAudit {
  readonly action: string
  readonly resourceType: string
}

/** `PATCH /assets/:id` is `assets.updated`; `POST /changes/:id/approve` is `changes.approve`. */
function defaultAudit({ method, path, route }: RegisteredRoute): DefaultAudit | undefined {
  if (method === 'GET' || route.audit === false) return undefined
  const parts = path.replace(/^\/(api\/v1|internal)\//, '').split('/')
  const verbs = { POST: 'created', PUT: 'replaced', PATCH: 'updated', DELETE: 'deleted' } as const
  const words = parts.filter(part => !part.startsWith(':'))
  const resourceType = words[0] as string
  const action = words.length > 1 ? words.slice(1).join('.') : verbs[method]
  return route.audit ?? { action: `${resourceType}.${action}`, resourceType }
}

/** Runs the work, and adds an audit line of its own when the handler recorded none. */
async function audited(
  core: CallCore,
  tenantId: string | undefined,
  audit: DefaultAudit | undefined,
  open: OpenInput,
  work: () => Promise<unknown>,
): Promise<unknown> {
  if (audit) core.defaultAction = audit.action
  const answer = await work()
  if (audit && tenantId && !core.audited) {
    const made = plain(answer, 200).body as { id?: unknown } | undefined | null
    core.audit(tenantId, {
      ...audit,
      resourceId: open.input.params.id ?? (typeof made?.id === 'string' ? made.id : ''),
    })
  }
  await core.flush(tenantId)
  return answer
}

function platformRoute(
  runtime: Runtime,
  host: PluginHost,
  registered: RegisteredRoute,
  route: AnyPlatformRoute,
): RouteHandler {
  const { method, path } = registered
  const signed = route.access === 'signature'
  const read = inputReader(path, route, method !== 'GET' && !signed)
  const status = route.status ?? 200
  const limiter = route.limit ? createLimiter(route.limit.perMinute) : undefined
  const audit = defaultAudit(registered)
  const check = answerCheck(runtime, registered)

  return async ctx => {
    const state = ctx.state as RequestState
    state.route = path
    state.plugin = host.plugin.name
    if (route.access === 'internal-token' && !equalSecrets(ctx.get('X-Internal-Token'), runtime.internalToken)) {
      throw problem('unauthenticated', 'X-Internal-Token is missing or wrong.')
    }
    if (limiter) await limiter.take(addressKey(addressOf(ctx)))
    const bytes = signed ? await rawBody(ctx, route.maxBytes ?? DEFAULT_JSON_LIMIT) : Buffer.alloc(0)
    const reading = read(ctx)
    const open = reading instanceof Promise ? await reading : reading
    try {
      const core = new CallCore(runtime, new RequestOrigin(ctx, route.access === 'public' ? anonymous : management))
      const context = host.platformContext(new PlatformWork(core, host)) as PlatformContext<ServiceClasses>
      const facts = requestFacts(ctx, bytes)
      const work = async (): Promise<unknown> => route.handle(open.input, context, facts)
      const recorded = (): Promise<unknown> => audited(core, undefined, audit, open, work)
      const answer =
        method === 'GET'
          ? await work()
          : route.atomic === false
            ? await recorded()
            : await core.slot.run(undefined, recorded)
      check?.(answer)
      send(ctx, answer, status)
    } finally {
      if (open.upload) await open.upload[Symbol.asyncDispose]()
    }
  }
}

/** Parses a signed body, after its signature was checked. */
export const signedJson = <S extends import('zod').z.ZodType>(schema: S, bytes: Buffer): import('zod').z.output<S> =>
  parse(schema, parseJson(bytes), 'body')

/** A call that a request began. Its trace and its signal are made when somebody asks, which most calls never do. */
class RequestOrigin implements CallOrigin {
  readonly actor: Actor
  /** Read now: a socket that was closed forgets it. */
  readonly address: string
  readonly #ctx: Koa.Context
  #controller: AbortController | undefined

  constructor(ctx: Koa.Context, actor: Actor) {
    this.#ctx = ctx
    this.actor = actor
    this.address = addressOf(ctx)
  }

  traceId(): string {
    return traceIdOf(this.#ctx)
  }

  signal(): AbortSignal {
    if (!this.#controller) {
      const made = new AbortController()
      const { res } = this.#ctx
      res.once('close', () => {
        if (!res.writableFinished) made.abort(new Error('the client went away'))
      })
      this.#controller = made
    }
    return this.#controller.signal
  }
}

function requestFacts(ctx: Koa.Context, bytes: Buffer): RequestFacts {
  return {
    address: addressOf(ctx),
    userAgent: ctx.get('User-Agent').slice(0, 300),
    header: name => ctx.get(name),
    cookie: name => ctx.cookies.get(name),
    rawBody: bytes,
  }
}

/** In tests and development an answer must be what the route says it is; in production nobody pays for that. */
function answerCheck(
  runtime: Runtime,
  { method, path, route }: RegisteredRoute,
): ((answer: unknown) => void) | undefined {
  const schema = route.returns
  if (!runtime.checksAnswers || !schema) return undefined
  return answer => {
    if (answer instanceof Reply && (answer.options.type || answer.body === undefined || answer.options.headers)) return
    const result = schema.safeParse(answer instanceof Reply ? answer.body : answer)
    if (result.success) return
    const faults = result.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; ')
    throw new Error(`${method} ${path} answered something else than its "returns" says: ${faults}`)
  }
}
