import type { IncomingMessage } from 'node:http'
import { problem } from '../errors.ts'

const LONGEST = 4096
/** The subprotocol that carries a token, and the one that is agreed on. */
export const BEARER = 'bearer'

/**
 * The access token of an upgrade: `?token=`, the subprotocols `bearer, <token>`, or `Authorization: Bearer`. A browser can
 * send the first two only.
 * @throws Problem `unauthenticated`
 */
export function tokenOf({ url = '', headers }: IncomingMessage): string {
  const token = fromQuery(url) ?? fromProtocol(headers['sec-websocket-protocol']) ?? fromHeader(headers.authorization)
  if (token === undefined || token === '' || token.length > LONGEST) {
    throw problem(
      'unauthenticated',
      'Send an access token: ?token=<token>, the subprotocols "bearer, <token>", or Authorization: Bearer <token>.',
    )
  }
  return token
}

/** Read as it stands, not percent-decoded: a name that the request log does not know to hide is no parameter. */
function fromQuery(url: string): string | undefined {
  const query = url.slice(url.indexOf('?') + 1 || url.length)
  return query
    .split('&')
    .find(pair => pair.startsWith('token='))
    ?.slice('token='.length)
}

function fromProtocol(header: string | undefined): string | undefined {
  const [first, second] = header?.split(',').map(protocol => protocol.trim()) ?? []
  return first === BEARER ? second : undefined
}

const fromHeader = (header: string | undefined): string | undefined => /^bearer +(\S+)$/i.exec(header ?? '')?.[1]
