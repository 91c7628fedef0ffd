import type { Problem } from '../errors.ts'
import { STATUS_CODES } from './node-http.ts'
import { problemBody } from './problem-json.ts'
import { securityHeaders } from './send.ts'

/**
 * A whole answer that refuses, for a connection that no app serves: what could not be read, or was to become a socket. The
 * connection is to be closed after it.
 */
export function rawAnswer(fault: Problem, path: string, traceId: string): string {
  const body = JSON.stringify(problemBody(fault, path, traceId))
  const headers = {
    ...securityHeaders,
    ...fault.headers,
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${fault.status} ${STATUS_CODES[fault.status]}`, ...lines, '', body].join('\r\n')
}
