import { constants } from 'node:zlib'
import cors from '@koa/cors'
import Koa from 'koa'
import compress from 'koa-compress'
import type { Dialect } from '../../db/database.ts'
import { type Problem, problem } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { RequestLog } from '../log/request-log.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Ceilings } from './ceilings.ts'
import { lingerUntilComplete } from './linger.ts'
import { problemBody, toProblem } from './problem-json.ts'
import { addressOf, type RequestState, traceIdOf } from './request-state.ts'
import { securityHeaders } from './send.ts'

/** Whether requests are served: `draining` ones are, while the balancer is told to send no more. */
export type Lifecycle = 'starting' | 'running' | 'draining' | 'stopping'

/** What the HTTP side needs. */
export interface AppParts {
  readonly dialect: Dialect
  readonly log: Log
  readonly requestLog: RequestLog
  readonly telemetry?: Telemetry | undefined
  readonly ceilings: Ceilings
  lifecycle(): Lifecycle
  /** Told that a write failed for want of room. */
  storageFull(): void
  /** `/health/*`, `/docs`, `/openapi.json`: answers true when the path was one of its own. */
  system(ctx: Koa.Context): Promise<boolean>
  dispatch(ctx: Koa.Context): Promise<unknown>
  /** Proxies of ours in front: so many last entries of X-Forwarded-For are believed. */
  readonly trustProxy: number
  readonly cors: {
    readonly origins: readonly string[]
    readonly credentials: boolean
    readonly methods: readonly string[] | undefined
    readonly headers: readonly string[] | undefined
  }
}

type Next = () => Promise<unknown>

/** The Koa application: headers, CORS, compression, errors and the request log around `dispatch`. */
export function createApp(parts: AppParts): Koa {
  const app = new Koa({ proxy: parts.trustProxy > 0, maxIpsCount: parts.trustProxy })
  app.on('error', (error: Error) => parts.log.warn(error, 'the answer could not be written'))
  const headers = Object.entries(securityHeaders)
  const allowed = new Set(parts.cors.origins)
  const withCors = cors({
    origin: ctx => (allowed.has(ctx.get('Origin')) ? ctx.get('Origin') : ''),
    credentials: parts.cors.credentials,
    exposeHeaders: ['ETag', 'Retry-After', 'Idempotency-Replayed', 'Content-Disposition'],
    maxAge: 600,
    ...(parts.cors.methods ? { allowMethods: [...parts.cors.methods] } : {}),
    ...(parts.cors.headers ? { allowHeaders: [...parts.cors.headers] } : {}),
  })
  const compressed = compress({
    threshold: 1024,
    br: { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } },
    gzip: { level: 5 },
    zstd: false,
  } as Parameters<typeof compress>[0])

  async function answer(ctx: Koa.Context): Promise<void> {
    try {
      const lifecycle = parts.lifecycle()
      if (lifecycle === 'draining' || lifecycle === 'stopping') ctx.set('Connection', 'close')
      if (!ctx.path.startsWith('/health/')) {
        if (lifecycle === 'starting' || lifecycle === 'stopping') throw unavailable(lifecycle)
        parts.ceilings.address(addressOf(ctx))
      }
      if (!ctx.path.startsWith('/api/') && (await parts.system(ctx))) return
      await parts.dispatch(ctx)
    } catch (error) {
      fail(ctx, error)
    }
  }

  function fail(ctx: Koa.Context, error: unknown): void {
    const failure = toProblem(error, parts.dialect)
    const traceId = traceIdOf(ctx)
    if (failure.status >= 500 && failure.code !== 'starting' && failure.code !== 'stopping') {
      const cause = failure.cause instanceof Error ? failure.cause : failure
      parts.log.error({ err: cause, trace_id: traceId, route: (ctx.state as RequestState).route }, cause.message)
    }
    ctx.state.error = failure.code
    if (failure.code === 'storage_full') parts.storageFull()
    for (const [name, value] of Object.entries(failure.headers ?? {})) ctx.set(name, value)
    ctx.status = failure.status
    ctx.set('Content-Type', 'application/problem+json; charset=utf-8')
    ctx.body = JSON.stringify(problemBody(failure, ctx.path, traceId))
    lingerUntilComplete(ctx.req, ctx.res)
  }

  const { telemetry } = parts
  app.use(telemetry ? ctx => telemetry.request(ctx, serve) : serve)
  return app

  async function serve(ctx: Koa.Context): Promise<void> {
    const started = performance.now()
    const { req, res } = ctx
    for (const [name, value] of headers) res.setHeader(name, value)
    const { origin, 'accept-encoding': encodings } = req.headers
    if (origin === undefined && encodings === undefined) await answer(ctx)
    else {
      let next: Next = () => answer(ctx)
      if (encodings !== undefined) next = wrap(compressed as Wrapper, ctx, next)
      if (origin !== undefined) next = wrap(withCors as Wrapper, ctx, next)
      await next()
    }
    if (isStream(ctx.body)) res.once('close', () => logRequest(parts.requestLog, ctx, performance.now() - started))
    else logRequest(parts.requestLog, ctx, performance.now() - started)
  }
}

type Wrapper = (ctx: Koa.Context, next: Next) => Promise<unknown>
const wrap =
  (wrapper: Wrapper, ctx: Koa.Context, next: Next): Next =>
  () =>
    wrapper(ctx, next)

const isStream = (body: unknown): boolean => typeof body === 'object' && body !== null && 'pipe' in body

function unavailable(lifecycle: 'starting' | 'stopping'): Problem {
  return problem(lifecycle, undefined, { headers: { 'Retry-After': lifecycle === 'starting' ? '1' : '5' } })
}

function logRequest(write: RequestLog, ctx: Koa.Context, durationMs: number): void {
  const state = ctx.state as RequestState & { error?: string }
  write({
    method: ctx.method,
    url: ctx.originalUrl,
    route: state.route,
    status: ctx.status,
    durationMs,
    bytes: ctx.length,
    ip: addressOf(ctx),
    plugin: state.plugin,
    tenantId: state.tenantId,
    actorId: state.actorId,
    traceId: state.traceId,
    spanId: state.spanId,
    error: state.error,
  })
}
