import type Koa from 'koa'
import type { PluginHost } from '../plugins/host.ts'
import type { RegisteredRoute } from '../plugins/registrations.ts'
import type { Runtime } from '../runtime.ts'
import { guestRoute } from './routes/guest-route.ts'
import { platformRoute } from './routes/platform-route.ts'
import { tenantRoute } from './routes/tenant-route.ts'

/** Serves one route. */
export type RouteHandler = (ctx: Koa.Context) => Promise<void>

/** Compiles a registered route: what can be decided at start is decided here, a request only runs it. */
export function compileRoute(runtime: Runtime, host: PluginHost, registered: RegisteredRoute): RouteHandler {
  switch (registered.kind) {
    case 'tenant':
      return tenantRoute(runtime, host, registered)
    case 'guest':
      return guestRoute(runtime, host, registered)
    case 'platform':
      return platformRoute(runtime, host, registered)
  }
}
