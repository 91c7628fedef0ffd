import type Koa from 'koa'
import { problem } from '../errors.ts'
import type { Catalogue } from '../plugins/catalogue.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { Runtime } from '../runtime.ts'
import { gate } from '../tenancy/gate.ts'
import { channelOf } from '../ws/open-channel.ts'

const API = '/api/v1/'
const INTERNAL = '/internal/'

/** The segment that owns a path: `assets` of `/api/v1/assets/…`, `internal/cve-feed` of `/internal/cve-feed/…`. */
export function segmentOf(path: string): string | undefined {
  const start = path.startsWith(API) ? API.length : path.startsWith(INTERNAL) ? 1 : 0
  if (start === 0) return undefined
  const from = start === 1 ? INTERNAL.length : start
  const end = path.indexOf('/', from)
  return end < 0 ? path.slice(start) : path.slice(start, end)
}

/**
 * Hands a request to the plugin that owns its path: one Map look-up, whatever the number of plugins and routes
 * (300 routes in one router cost 12 µs a request, the Map 1.5 µs).
 */
export function createDispatch(runtime: Runtime, catalogue: Catalogue): (ctx: Koa.Context) => Promise<unknown> {
  return async ctx => {
    if (channelOf(ctx.path) !== undefined) {
      throw problem(
        'upgrade_required',
        'Open a WebSocket here. If this was one, a proxy took its Upgrade header away.',
        {
          headers: { Upgrade: 'websocket' },
        },
      )
    }
    const segment = segmentOf(ctx.path)
    const host = segment === undefined ? undefined : catalogue.owner(segment)
    if (!host) throw problem('not_found', 'Nothing answers under this path.')
    const mount = host.mount
    if (!mount) return refuse(runtime, host, ctx)
    return mount.handle(ctx, unmatched)
  }
}

/** A plugin that does not run: no tenant has it, or it could not start. */
async function refuse(runtime: Runtime, host: PluginHost, ctx: Koa.Context): Promise<never> {
  if (!ctx.path.startsWith(INTERNAL)) {
    const principal = await runtime.authenticator.authenticate(ctx.req.headers.authorization)
    const refused = gate(host.plugin.feature, runtime.tenant(principal.tenantId))
    if (refused) throw refused
  }
  throw problem('plugin_unavailable', `The plugin "${host.plugin.name}" is ${host.state}.`, {
    headers: { 'Retry-After': '5' },
  })
}

function unmatched(methods: readonly string[]): never {
  if (methods.length === 0) throw problem('not_found', 'Nothing answers under this path.')
  throw problem('method_not_allowed', `This path takes ${methods.join(', ')}.`, {
    headers: { Allow: methods.join(', ') },
  })
}
