import { anonymous } from '../../access/guests.ts'
import { CallCore } from '../../call.ts'
import type { PluginHost } from '../../plugins/host.ts'
import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { Runtime } from '../../runtime.ts'
import type { RouteHandler } from '../route.ts'
import { RequestOrigin } from './request-origin.ts'
import { tenantWork } from './tenant-work.ts'

type RegisteredGuestRoute = Extract<RegisteredRoute, { kind: 'guest' }>

/** Compiles a route for guests of a tenant, such as devices. */
export function guestRoute(runtime: Runtime, host: PluginHost, registered: RegisteredGuestRoute): RouteHandler {
  const { guests } = registered.route
  return tenantWork(runtime, host, registered, {
    identify: ctx => {
      const core = new CallCore(runtime, new RequestOrigin(ctx, anonymous))
      return runtime.guests.identify(core, guests, ctx.req.headers)
    },
    permission: undefined,
  })
}
