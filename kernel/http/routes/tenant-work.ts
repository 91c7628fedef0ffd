import type Koa from 'koa'
import type { Principal, TenantState } from '../../access/principal.ts'
import { CallCore, TenantCall } from '../../call.ts'
import type { Context, PermissionKey, ServiceClasses } from '../../contract.ts'
import { problem } from '../../errors.ts'
import type { PluginHost } from '../../plugins/host.ts'
import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { Runtime } from '../../runtime.ts'
import { gate } from '../../tenancy/gate.ts'
import { inputReader } from '../input.ts'
import { createLimiter } from '../limits.ts'
import type { RequestState } from '../request-state.ts'
import type { RouteHandler } from '../route.ts'
import { runAgainWhenUndone } from '../run-again.ts'
import { send } from '../send.ts'
import { answerCheck } from './answer-check.ts'
import { audited, defaultAudit } from './audited.ts'
import { RequestOrigin } from './request-origin.ts'
import { write } from './write.ts'

type RegisteredTenantRoute = Extract<RegisteredRoute, { kind: 'tenant' | 'guest' }>

/** A route of a tenant, with how it is told who asks. */
export interface Admission {
  /** @throws Problem `unauthenticated`. At once where it can be, so that a request does not pay for a promise. */
  identify(ctx: Koa.Context): Principal | Promise<Principal>
  /** The key to hold; undefined: none. */
  readonly permission: PermissionKey | undefined
}

/** Compiles what every route of a tenant does, whoever it is for: users and guests differ in how they are known only. */
export function tenantWork(
  runtime: Runtime,
  host: PluginHost,
  registered: RegisteredTenantRoute,
  { identify, permission }: Admission,
): RouteHandler {
  const { method, path, route } = registered
  const writes = method !== 'GET'
  const read = inputReader(path, route, writes)
  const status = route.status ?? 200
  const feature = host.plugin.feature
  const limiter = route.limit ? createLimiter(route.limit.perMinute) : undefined
  const audit = defaultAudit(registered)
  const check = answerCheck(runtime, registered)
  const again = writes && route.atomic !== false && !route.upload

  return async ctx => {
    const state = ctx.state as RequestState
    state.route = path
    state.plugin = host.plugin.name
    const authenticated = identify(ctx)
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
  if (!tenant) throw problem('unauthenticated', 'This account is gone.')
  const refused = gate(feature, tenant)
  if (refused) throw refused
  return tenant
}

/** A tenant that another instance has made a moment ago: its user has a session, so it is looked for at once. */
async function madeElsewhere(runtime: Runtime, { tenantId }: Principal): Promise<TenantState | undefined> {
  await runtime.refreshTenants()
  return runtime.tenant(tenantId)
}
