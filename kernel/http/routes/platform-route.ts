import type Koa from 'koa'
import { anonymous } from '../../access/guests.ts'
import { CallCore, PlatformWork } from '../../call.ts'
import type { Actor, PlatformContext, RequestFacts, ServiceClasses } from '../../contract.ts'
import { problem } from '../../errors.ts'
import type { PluginHost } from '../../plugins/host.ts'
import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { Runtime } from '../../runtime.ts'
import { equalSecrets } from '../../secrets/keys.ts'
import { gate } from '../../tenancy/gate.ts'
import { DEFAULT_JSON_LIMIT, rawBody } from '../body.ts'
import { inputReader } from '../input.ts'
import { addressKey, createLimiter } from '../limits.ts'
import { addressOf, type RequestState } from '../request-state.ts'
import type { RouteHandler } from '../route.ts'
import { send } from '../send.ts'
import { answerCheck } from './answer-check.ts'
import { audited, defaultAudit, isOperators } from './audited.ts'
import { RequestOrigin } from './request-origin.ts'

type RegisteredPlatformRoute = Extract<RegisteredRoute, { kind: 'platform' }>

const management: Actor = Object.freeze({ kind: 'service', id: 'internal' })

/** Compiles a route outside any tenant. */
export function platformRoute(runtime: Runtime, host: PluginHost, registered: RegisteredPlatformRoute): RouteHandler {
  const { method, path, route } = registered
  const signed = route.access === 'signature'
  const read = inputReader(path, route, method !== 'GET' && !signed)
  const status = route.status ?? 200
  const limiter = route.limit ? createLimiter(route.limit.perMinute) : undefined
  const audit = defaultAudit(registered)
  const log = isOperators(registered) ? null : undefined
  const check = answerCheck(runtime, registered)

  return async ctx => {
    const state = ctx.state as RequestState
    state.route = path
    state.plugin = host.plugin.name
    const actor = await actorOf(runtime, route.access, ctx)
    if (limiter) await limiter.take(addressKey(addressOf(ctx)))
    const bytes = signed ? await rawBody(ctx, route.maxBytes ?? DEFAULT_JSON_LIMIT) : Buffer.alloc(0)
    const reading = read(ctx)
    const open = reading instanceof Promise ? await reading : reading
    try {
      const core = new CallCore(runtime, new RequestOrigin(ctx, actor))
      const context = host.platformContext(new PlatformWork(core, host)) as PlatformContext<ServiceClasses>
      const facts = requestFacts(ctx, bytes)
      const work = async (): Promise<unknown> => route.handle(open.input, context, facts)
      const recorded = (): Promise<unknown> => audited(core, log, audit, open, work)
      const answer =
        method === 'GET' && !audit
          ? await work()
          : method === 'GET' || route.atomic === false
            ? await recorded()
            : await core.slot.run(undefined, recorded)
      check?.(answer)
      send(ctx, answer, status)
    } finally {
      if (open.upload) await open.upload[Symbol.asyncDispose]()
    }
  }
}

/** Who is behind the request, once they showed what the route asks for. */
async function actorOf(
  runtime: Runtime,
  access: RegisteredPlatformRoute['route']['access'],
  ctx: Koa.Context,
): Promise<Actor> {
  if (access === 'public') return anonymous
  if (access === 'platform-admin') return platformAdmin(runtime, ctx)
  if (access === 'internal-token' && !equalSecrets(ctx.get('X-Internal-Token'), runtime.internalToken)) {
    throw problem('unauthenticated', 'X-Internal-Token is missing or wrong.')
  }
  return management
}

async function platformAdmin(runtime: Runtime, ctx: Koa.Context): Promise<Actor> {
  const principal = await runtime.authenticator.authenticate(ctx.req.headers.authorization)
  const state = ctx.state as RequestState
  state.actorId = principal.actor.id
  if (!principal.platformAdmin) {
    throw problem('forbidden', 'This is for operators of the platform who logged in with a second factor.')
  }
  const refused = gate(undefined, runtime.tenant(principal.tenantId))
  if (refused) throw refused
  return principal.actor
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
