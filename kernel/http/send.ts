import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type Koa from 'koa'
import { Reply } from './reply.ts'

/** Headers of every answer (OWASP REST Security Cheat Sheet); `/docs` brings its own content policy. */
export const securityHeaders = Object.freeze({
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'Cross-Origin-Resource-Policy': 'same-site',
  'Cache-Control': 'no-store',
})

/** Writes what a handler returned. */
export function send(ctx: Koa.Context, answer: unknown, status: number): void {
  if (answer instanceof Reply) {
    sendReply(ctx, answer, status)
    return
  }
  if (answer === undefined) {
    ctx.body = null
    ctx.status = status === 200 ? 204 : status
    return
  }
  sendJson(ctx, status, answer)
}

function sendReply(ctx: Koa.Context, { body, options }: Reply, fallback: number): void {
  const status = options.status ?? fallback
  for (const [name, value] of Object.entries(options.headers ?? {})) ctx.set(name, value as string | string[])
  if (options.revision !== undefined) {
    const etag = `"${options.revision}"`
    ctx.set('ETag', etag)
    if (isKnown(ctx, etag)) {
      ctx.status = 304
      ctx.body = null
      return
    }
  }
  if (options.type !== undefined) {
    ctx.status = status
    ctx.type = options.type
    ctx.body = body instanceof Readable ? Readable.from(inSlices(body)) : body
    return
  }
  if (body === undefined) {
    ctx.body = null
    ctx.status = status === 200 ? 204 : status
    return
  }
  sendJson(ctx, status, body)
}

const SLICE_MS = 10

/** Hands a stream on, with a turn for everybody else now and then: an embedded database never makes it wait. */
async function* inSlices(stream: Readable): AsyncGenerator<unknown> {
  let since = performance.now()
  for await (const piece of stream) {
    yield piece
    if (performance.now() - since < SLICE_MS) continue
    await nextTurn()
    since = performance.now()
  }
}

/** True when the caller has this revision already: `If-None-Match` compares weakly (RFC 9110, 13.1.2). */
function isKnown({ method, req }: Koa.Context, etag: string): boolean {
  const header = req.headers['if-none-match']
  if (header === undefined || (method !== 'GET' && method !== 'HEAD')) return false
  return header === '*' || header.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag)
}

/** Writes a JSON body. */
export function sendJson(ctx: Koa.Context, status: number, body: unknown): void {
  ctx.status = status
  if (!ctx.res.hasHeader('Content-Type')) ctx.res.setHeader('Content-Type', 'application/json; charset=utf-8')
  ctx.body = JSON.stringify(body)
}
