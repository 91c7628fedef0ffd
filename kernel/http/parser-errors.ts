import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { newTraceId } from '../call.ts'
import { type Problem, problem } from '../errors.ts'
import type { Log } from '../log/log.ts'
import { rawAnswer } from './raw-answer.ts'

/** What Node's parser could not read never reaches the app: these answers have the form of all others (RFC 9457). */
export function answerParserErrors(server: Server, log: Log): void {
  server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket & { readonly _httpMessage?: ServerResponse | null }
    // Half an answer must not be followed by another one.
    if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
      socket.destroy()
      return
    }
    const fault = faultOf(error.code)
    const traceId = newTraceId()
    log.debug({ err: error, error: fault.code, trace_id: traceId, ip: socket.remoteAddress }, 'unreadable request')
    socket.end(rawAnswer(fault, '/', traceId), () => socket.destroy())
  })
}

function faultOf(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return problem('headers_too_large')
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return problem('too_large')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problem('request_timeout')
  return problem('malformed', 'This is not HTTP/1.1 as RFC 9112 has it.')
}
