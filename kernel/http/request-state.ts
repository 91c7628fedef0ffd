import type Koa from 'koa'
import { newTraceId } from '../call.ts'
import { traceParentOf } from './trace-parent.ts'

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
