import type Koa from 'koa'
import type { Health } from '../health/health.ts'
import { serveDocs } from './docs.ts'
import { sendJson } from './send.ts'

const PLUGINS = '/health/plugins/'

/** The kernel's own pages, outside any plugin. */
export interface SystemPages {
  /** @param reasons whether to say why something is wrong */
  ready(reasons: boolean): Promise<Health>
  plugin(name: string, reasons: boolean): Promise<Health | undefined>
  /** True for an `X-Internal-Token` that is right. */
  isOperator(token: string): boolean
  /** False: no documentation here, only `/health/*`. */
  readonly documented: boolean
  openApi(): unknown
  asyncApi(): unknown
}

/** Serves `/health/*`, `/openapi.json`, `/asyncapi.json` and `/docs`; true when the path was one of them. */
export function systemRoutes(pages: SystemPages): (ctx: Koa.Context) => Promise<boolean> {
  return async ctx => {
    const { path } = ctx
    if (path.startsWith('/api/') || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return false
    if (path === '/health/live') {
      sendJson(ctx, 200, { status: 'ok' })
      return true
    }
    if (path.startsWith('/health/')) {
      const token = ctx.get('X-Internal-Token')
      const reasons = token !== '' && pages.isOperator(token)
      if (path === '/health/ready') return health(ctx, await pages.ready(reasons))
      if (path.startsWith(PLUGINS)) return health(ctx, await pages.plugin(path.slice(PLUGINS.length), reasons))
    }
    if (!pages.documented) return false
    if (path === '/openapi.json') {
      sendJson(ctx, 200, pages.openApi())
      return true
    }
    if (path === '/asyncapi.json') {
      sendJson(ctx, 200, pages.asyncApi())
      return true
    }
    return serveDocs(ctx)
  }
}

function health(ctx: Koa.Context, found: Health | undefined): boolean {
  if (!found) return false
  sendJson(ctx, found.httpStatus, found.body)
  return true
}
