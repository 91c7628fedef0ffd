import type { PermissionKey } from '../../contract.ts'
import type { PluginHost } from '../../plugins/host.ts'
import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { Runtime } from '../../runtime.ts'
import { addressOf } from '../request-state.ts'
import type { RouteHandler } from '../route.ts'
import { tenantWork } from './tenant-work.ts'

type RegisteredUserRoute = Extract<RegisteredRoute, { kind: 'tenant' }>

/** Compiles a route for users of a tenant. */
export function tenantRoute(runtime: Runtime, host: PluginHost, registered: RegisteredUserRoute): RouteHandler {
  const { permission } = registered.route
  return tenantWork(runtime, host, registered, {
    identify: ctx => runtime.authenticator.authenticate(ctx.req.headers.authorization, () => addressOf(ctx)),
    permission: permission === 'signed-in' ? undefined : (permission as PermissionKey),
  })
}
