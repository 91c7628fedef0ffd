import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Server, type ServerOptions, WebSocketServer } from 'ws'
import { problem } from '../errors.ts'
import { ChannelWebSocket } from './connection.ts'
import { BEARER } from './credentials.ts'
import type { SocketLimits } from './limits.ts'

type ChannelServer = Server<typeof ChannelWebSocket>

/**
 * The part that speaks the protocol: it answers 101 to who was let in. The only file, with the connections, that loads
 * `ws`; it is imported when the first socket comes.
 */
export class Acceptor {
  /** `ws` has one limit of frames a server: one for each size that channels ask for. */
  readonly #servers = new Map<number, ChannelServer>()
  readonly #limits: SocketLimits

  constructor(limits: SocketLimits) {
    this.#limits = limits
  }

  /**
   * Answers 101, and calls `opened` before anything can come in.
   * @throws Problem `malformed` when the request is no opening handshake (RFC 6455, 4.2.1)
   */
  accept(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    maxBytes: number,
    opened: (ws: ChannelWebSocket) => void,
  ): void {
    const server = this.#server(maxBytes)
    let fault: Error | undefined
    const wrong = (error: Error): void => {
      fault = error
    }
    server.once('wsClientError', wrong)
    try {
      server.handleUpgrade(request, socket, head, opened)
    } finally {
      server.off('wsClientError', wrong)
    }
    if (fault) throw problem('malformed', `This is no WebSocket handshake: ${fault.message}.`)
  }

  #server(maxBytes: number): ChannelServer {
    const known = this.#servers.get(maxBytes)
    if (known) return known
    // The types of `ws` lack two of its options.
    const options: ServerOptions<typeof ChannelWebSocket> & {
      readonly closeTimeout: number
      readonly maxPendingAutoPongs: number
    } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxBytes,
      handleProtocols: protocols => (protocols.has(BEARER) ? BEARER : false),
      WebSocket: ChannelWebSocket,
      closeTimeout: this.#limits.closeMs,
      // Pings count as frames: who sends too many is told so, instead of being cut.
      maxPendingAutoPongs: 0,
    }
    const made = new WebSocketServer(options)
    this.#servers.set(maxBytes, made)
    return made
  }
}
