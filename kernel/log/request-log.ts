import { escapeControls } from './control-characters.ts'
import type { LineWriter } from './line-writer.ts'
import { isSecretName, redacted, redactUrl } from './redact.ts'
import type { LineFormat, LogRecord } from './text-line.ts'

/** Which requests are logged: every one, those that may change something or failed, or those that failed (400 up). */
export type RequestChoice = 'all' | 'changes' | 'errors'

/** What is known of a request when its answer is out. Headers and bodies are never part of it. */
export interface RequestLine {
  readonly method: string
  /** As it came, with the query; secrets in it are hidden here. */
  readonly url: string
  /** The pattern that matched: `/assets/:id`. */
  readonly route?: string | undefined
  readonly status: number
  /** Milliseconds from the first byte in to the last byte out. */
  readonly durationMs: number
  /** Bytes of the answer's body. */
  readonly bytes?: number | undefined
  readonly ip: string
  readonly plugin?: string | undefined
  readonly tenantId?: string | undefined
  readonly actorId?: string | undefined
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  /** The stable code of the problem answered: `feature_disabled`. */
  readonly error?: string | undefined
}

/** Writes a line for a request if its kind is wanted. */
export type RequestLog = (request: RequestLine) => void

const longestUrl = 2_048
const readOnly = new Set(['GET', 'HEAD', 'OPTIONS'])
const secretRoutes = new Map<string, boolean>()

/** True for a route that carries a secret in its path: `/auth/invitations/:token`. Routes are few and known at boot. */
const hasSecretParameter = (route: string): boolean => {
  const answer = secretRoutes.get(route)
  if (answer !== undefined) return answer
  const secret = (route.match(/:\w+/g) ?? []).some(isSecretName)
  secretRoutes.set(route, secret)
  return secret
}

/** A token of a mail, in a path that is none of ours: sent to the wrong place, it is as good as in the right one. */
const mailedToken = /\/[\w-]{43}(?=[/?]|$)/g

const loggedUrl = (url: string, route: string | undefined): string => {
  if (route !== undefined && hasSecretParameter(route)) return route
  const cut = url.length > longestUrl ? `${url.slice(0, longestUrl)}…` : url
  const whole = route === undefined ? cut.replace(mailedToken, `/${redacted}`) : cut
  return escapeControls(redactUrl(whole))
}

/** What the request log needs to make lines by itself. */
export interface RequestLogOptions {
  readonly choice: RequestChoice
  /** The lowest level written, in bunyan's numbers. */
  readonly level: number
  /** Fields of every record: name, hostname, pid. */
  readonly base: Readonly<Record<string, unknown>>
  /** undefined: JSON. */
  readonly format: LineFormat | undefined
  readonly writer: Pick<LineWriter, 'write'>
}

/**
 * The request log. Its lines are the records bunyan would make, put together without it: one line a request is the only
 * logging on the hot path, and bunyan's own way costs five times as much. 500 and above are level error, the rest info.
 */
export function createRequestLog({ choice, level, base, format, writer }: RequestLogOptions): RequestLog {
  const prefixes = { info: prefix({ ...base, level: 30 }), error: prefix({ ...base, level: 50 }) }
  return request => {
    const { method, status } = request
    const failed = status >= 400
    if (!failed && (choice === 'errors' || (choice === 'changes' && readOnly.has(method)))) return
    const grave = status >= 500
    if ((grave ? 50 : 30) < level) return
    const fields = fieldsOf(request)
    if (format === undefined) {
      const json = JSON.stringify(fields).slice(1)
      const start = grave ? prefixes.error : prefixes.info
      writer.write(`${start}${json.slice(0, -1)},"msg":"request","time":"${isoNow()}","v":0}\n`)
    } else writer.write(format(textRecord(fields, grave ? 50 : 30)))
  }
}

type Fields = ReturnType<typeof fieldsOf>

const fieldsOf = (request: RequestLine) => ({
  method: request.method,
  url: loggedUrl(request.url, request.route),
  route: request.route,
  status: request.status,
  duration_ms: Math.round(request.durationMs * 100) / 100,
  bytes: request.bytes,
  ip: request.ip,
  plugin: request.plugin,
  tenant_id: request.tenantId,
  actor_id: request.actorId,
  trace_id: request.traceId,
  span_id: request.spanId,
  error: request.error,
})

const prefix = (fields: object): string => `${JSON.stringify(fields).slice(0, -1)},`

/** The line for people puts the request itself in the message. */
const textRecord = (fields: Fields, level: number): LogRecord => {
  const { method, url, status, duration_ms, route: _, ...rest } = fields
  return { ...rest, level, time: isoNow(), msg: `${method} ${url} ${status} ${duration_ms} ms` }
}

let stampedAt = 0
let stamp = ''

/** The time now in ISO 8601, made once a millisecond. */
function isoNow(): string {
  const now = Date.now()
  if (now !== stampedAt) {
    stampedAt = now
    stamp = new Date(now).toISOString()
  }
  return stamp
}
