import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { Principal } from '../access/principal.ts'
import { newTraceId } from '../call.ts'
import type { Problem } from '../errors.ts'
import { type ProblemBody, problemBody } from '../http/problem-json.ts'
import type { Runtime } from '../runtime.ts'
import { type CloseCode, closeCodes, WS_TOO_LARGE } from './close-codes.ts'
import { envelope, textFrame } from './frame.ts'
import { handleFrame, tellClosed, tellOpened } from './handle-frame.ts'
import { BROKEN_COST, MOST_WAITING, MOST_WAITING_BYTES, type SocketLimits } from './limits.ts'
import { channelPath, type OpenChannel } from './open-channel.ts'
import { type Incoming, readFrame } from './read-frame.ts'

/** The socket of `ws` with its connection, so that all sockets share their listeners instead of having their own. */
export class ChannelWebSocket extends WebSocket {
  connection: Connection | undefined = undefined

  /** Frames that are too large close with our own code (contract 15.5). */
  override close(code?: number, reason?: string | Buffer): void {
    if (code === WS_TOO_LARGE) super.close(closeCodes.tooLarge, 'too_large')
    else super.close(code, reason)
  }
}

/** What a connection is made of. */
export interface ConnectionParts {
  /** Told apart from all others; rises by time. */
  readonly id: string
  readonly runtime: Runtime
  readonly limits: SocketLimits
  readonly channel: OpenChannel
  readonly ws: ChannelWebSocket
  readonly socket: Socket
  readonly principal: Principal
  /** When the token expires, in epoch milliseconds; Infinity: never. */
  readonly expiresAt: number
  readonly address: string
  readonly addressKey: string
  /** Told once, when the socket has closed. */
  readonly gone: (connection: Connection, code: number) => void
}

/** One open socket of a channel. There are thousands: what is not always needed is made when it is. */
export class Connection {
  readonly id: string
  readonly channel: OpenChannel
  readonly expiresAt: number
  readonly address: string
  readonly addressKey: string
  /** Renewed when access changes. */
  principal: Principal
  readonly #runtime: Runtime
  readonly #limits: SocketLimits
  readonly #ws: ChannelWebSocket
  readonly #socket: Socket
  readonly #gone: (connection: Connection, code: number) => void
  #tokens: number
  #filledAt: number
  #pingAt: number
  #ping: 'answered' | 'sent' | 'late' = 'answered'
  #waiting = 0
  #waitingBytes = 0
  #last: Promise<void> | undefined
  #aborter: AbortController | undefined

  constructor(parts: ConnectionParts) {
    this.id = parts.id
    this.#runtime = parts.runtime
    this.#limits = parts.limits
    this.channel = parts.channel
    this.#ws = parts.ws
    this.#socket = parts.socket
    this.principal = parts.principal
    this.expiresAt = parts.expiresAt
    this.address = parts.address
    this.addressKey = parts.addressKey
    this.#gone = parts.gone
    this.#tokens = parts.channel.burst
    this.#filledAt = performance.now()
    // Sockets that came together, as after a restart, are not pinged together.
    this.#pingAt = this.#filledAt + (0.5 + Math.random() / 2) * parts.limits.pingMs
    parts.ws.connection = this
    parts.ws.on('message', onMessage)
    parts.ws.on('ping', onPing)
    parts.ws.on('pong', onPong)
    parts.ws.on('error', onError)
    parts.ws.on('close', onClose)
  }

  get open(): boolean {
    return this.#ws.readyState === WebSocket.OPEN
  }

  /** Aborted when the socket has closed. */
  get signal(): AbortSignal {
    if (!this.#aborter) {
      this.#aborter = new AbortController()
      if (!this.open) this.#aborter.abort(new Error('the socket has closed'))
    }
    return this.#aborter.signal
  }

  /** Tells the plugin of the socket. */
  begin(): void {
    if (this.channel.channel.opened) this.#queue(() => tellOpened(this.#runtime, this), 0)
  }

  /** Sends a whole frame, as `textFrame` makes it. Sends nothing to a socket that closes; ends one that does not read. */
  deliver(frame: Buffer): void {
    if (!this.open) return
    if (this.#socket.writableLength > this.#limits.maxBuffered) this.end(closeCodes.tooSlow, 'too_slow')
    else {
      this.channel.counts.sent += 1
      this.#socket.write(frame)
    }
  }

  /** Sends an envelope to this socket alone. */
  send(type: string, data: unknown, id?: string): void {
    if (this.open) this.deliver(textFrame(envelope(type, data, this.#runtime.now(), id)))
  }

  /** Tells what was wrong with a frame, in the words of the HTTP API. */
  refuse({ error, detail, errors, trace_id }: ProblemBody, id: string | undefined): void {
    this.send('error', { error, detail, trace_id, ...(errors ? { errors } : {}) }, id)
  }

  /** The same for a frame that could not be read, or does not fit: it costs more than others. */
  fault(problem: Problem, id: string | undefined): void {
    this.refuse(problemBody(problem, channelPath(this.channel.name), newTraceId()), id)
    this.#take(BROKEN_COST - 1)
  }

  /** Closes the socket; what its client does not answer in time is cut. */
  end(code: CloseCode, reason: string): void {
    if (!this.open) return
    this.#ws.close(code, reason)
    // What the client answers is not read else.
    this.#ws.resume()
  }

  /** Cuts the connection. */
  cut(): void {
    this.#ws.terminate()
  }

  /**
   * Looks after the socket, once a second.
   * @param now milliseconds of the process
   * @param time epoch milliseconds by the kernel's clock
   */
  beat(now: number, time: number): void {
    if (!this.open) return
    if (time >= Math.min(this.expiresAt, this.principal.apiKey?.expiresAt ?? Infinity))
      this.end(closeCodes.notSignedIn, 'token_expired')
    else if (now >= this.#pingAt) this.#askAlive(now)
  }

  /** A pong that came while this process was held up is read before the next beat, so one beat more is waited for it. */
  #askAlive(now: number): void {
    // Nothing is read of it, its pongs neither.
    if (this.#ws.isPaused) this.#ping = 'answered'
    if (this.#ping === 'late') this.end(closeCodes.noPong, 'no_pong')
    else if (this.#ping === 'sent') this.#ping = 'late'
    else {
      this.#ping = 'sent'
      this.#pingAt = now + this.#limits.pingMs
      this.#ws.ping()
    }
  }

  /** A frame came in. */
  received(bytes: Buffer, binary: boolean): void {
    this.channel.counts.received += 1
    // Its pongs are behind what it has to send.
    this.#ping = 'answered'
    if (!this.#take(1)) return
    let incoming: Incoming
    try {
      incoming = readFrame(bytes, binary)
    } catch (problem) {
      this.fault(problem as Problem, undefined)
      return
    }
    this.#queue(() => handleFrame(this.#runtime, this, incoming), bytes.length)
  }

  /** A ping came in; `ws` has answered it. */
  pinged(): void {
    this.#take(1)
  }

  /** A pong came in, asked for or not. */
  ponged(): void {
    this.#ping = 'answered'
    this.#take(1)
  }

  /** The socket has closed. */
  closed(code: number): void {
    this.#aborter?.abort(new Error('the socket has closed'))
    if (this.channel.channel.closed) this.#after(() => tellClosed(this.#runtime, this))
    this.#gone(this, code)
  }

  /** Takes from the bucket of the socket; when there is nothing left, closes it and says false. */
  #take(frames: number): boolean {
    if (!this.open) return false
    const now = performance.now()
    const { burst, perSecond } = this.channel
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond) - frames
    this.#filledAt = now
    if (this.#tokens >= 0) return true
    this.end(closeCodes.tooFast, 'too_fast')
    return false
  }

  /** Does work when its turn comes. Who sends more than is done is not read for a while: it waits in the network. */
  #queue(work: () => Promise<void>, bytes: number): void {
    if (this.#waiting >= MOST_WAITING) {
      this.end(closeCodes.tooFast, 'too_fast')
      return
    }
    this.#waitingBytes += bytes
    if (this.#waitingBytes > MOST_WAITING_BYTES) this.#ws.pause()
    this.#after(async () => {
      if (this.open) await work()
      this.#waitingBytes -= bytes
      if (this.#ws.isPaused && this.#waitingBytes <= MOST_WAITING_BYTES) this.#ws.resume()
    })
  }

  /** Runs work after what the socket has under way. */
  #after(work: () => Promise<void>): void {
    const { inFlight } = this.channel.host
    inFlight.enter()
    this.#waiting += 1
    const done = (this.#last ?? Promise.resolve()).then(work).finally(() => {
      inFlight.leave()
      this.#waiting -= 1
      if (this.#waiting === 0) this.#last = undefined
    })
    this.#last = done
  }
}

function onMessage(this: WebSocket, data: WebSocket.RawData, binary: boolean): void {
  ;(this as ChannelWebSocket).connection?.received(data as Buffer, binary)
}

function onPing(this: WebSocket): void {
  ;(this as ChannelWebSocket).connection?.pinged()
}

function onPong(this: WebSocket): void {
  ;(this as ChannelWebSocket).connection?.ponged()
}

/** What is no frame closes the socket by itself; a client that is gone is no fault of ours. */
function onError(): void {}

function onClose(this: WebSocket, code: number): void {
  ;(this as ChannelWebSocket).connection?.closed(code)
}
