import { WebSocket } from 'ws'
import type { Command, Outcome } from './device-api.ts'
import type { EdgeEvent } from './event-buffer.ts'

const PATIENCE_MS = 15_000
/** The server pings every 30 s or so: a socket that hears nothing for this long leads nowhere. */
const SILENCE_MS = 90_000
/** Close codes after which there is no point in connecting again: not signed in, not allowed, another agent has this key. */
const FINAL = new Set([4401, 4403, 4409])

/** What an agent hears from its socket. */
export interface EdgeSocketEvents {
  readonly command: (command: Command) => void
  /** Told once. `final`: the server does not want this device any more. */
  readonly closed: (why: { readonly code: number; readonly reason: string; readonly final: boolean }) => void
}

/** One connection to `/api/ws/edge`. */
export class EdgeSocket {
  readonly #ws: WebSocket
  readonly #events: EdgeSocketEvents
  readonly #uploads = new Map<string, PromiseWithResolvers<void>>()
  #silence: NodeJS.Timeout
  #heartbeat: NodeJS.Timeout | undefined
  #number = 0

  private constructor(ws: WebSocket, events: EdgeSocketEvents) {
    this.#ws = ws
    this.#events = events
    this.#silence = this.#listenFor(SILENCE_MS)
    ws.on('message', bytes => this.#received(String(bytes)))
    ws.on('ping', () => this.#alive())
    ws.on('error', () => undefined)
    ws.on('close', (code, reason) => this.#closed(code, String(reason)))
  }

  /** Connects; rejects when the server refuses the upgrade, or does not answer. */
  static async open(base: string, key: string, events: EdgeSocketEvents): Promise<EdgeSocket> {
    const url = `${base.replace(/^http/, 'ws').replace(/\/$/, '')}/api/ws/edge`
    const ws = new WebSocket(url, { headers: { 'X-Device-Key': key }, handshakeTimeout: PATIENCE_MS })
    const socket = new EdgeSocket(ws, {
      ...events,
      closed: why =>
        opened.promise.then(
          () => events.closed(why),
          () => undefined,
        ),
    })
    const opened = Promise.withResolvers<void>()
    ws.once('open', opened.resolve)
    ws.once('error', opened.reject)
    await opened.promise
    return socket
  }

  /** Says who is here; the server answers with what waits. */
  hello(facts: { readonly version: string }): void {
    this.#send('hello', facts)
  }

  ack(commandId: string, outcome: Outcome): void {
    this.#send('ack', { id: commandId, ...outcome })
  }

  /** Uploads events; resolves when the server has them on disk. */
  async ingest(events: readonly EdgeEvent[]): Promise<void> {
    const number = ++this.#number
    const id = String(number)
    const done = Promise.withResolvers<void>()
    this.#uploads.set(id, done)
    const timer = setTimeout(() => done.reject(new Error('the upload was not acknowledged')), PATIENCE_MS)
    this.#send('ingest', { number, events }, id)
    try {
      await done.promise
    } finally {
      clearTimeout(timer)
      this.#uploads.delete(id)
    }
  }

  close(): void {
    this.#ws.close(1000)
  }

  #send(type: string, data: unknown, id?: string): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return
    this.#ws.send(JSON.stringify({ type, data, at: new Date().toISOString(), ...(id === undefined ? {} : { id }) }))
  }

  #received(text: string): void {
    this.#alive()
    const { type, data, id } = JSON.parse(text) as { type: string; data: never; id?: string }
    if (type === 'command') this.#events.command(data)
    else if (type === 'config') this.#beatEvery((data as { heartbeat_seconds: number }).heartbeat_seconds)
    else if (type === 'ingest.ack') this.#uploads.get(id ?? '')?.resolve()
    else if (type === 'error')
      this.#uploads.get(id ?? '')?.reject(new Error(String((data as { detail?: unknown }).detail)))
  }

  #closed(code: number, reason: string): void {
    clearTimeout(this.#silence)
    clearInterval(this.#heartbeat)
    for (const { reject } of this.#uploads.values()) reject(new Error('the socket has closed'))
    this.#events.closed({ code, reason, final: FINAL.has(code) })
  }

  /** What the server holds for this device comes again after a heartbeat, in case it was lost. */
  #beatEvery(seconds: number): void {
    clearInterval(this.#heartbeat)
    this.#heartbeat = setInterval(() => this.#send('heartbeat', {}), seconds * 1000).unref()
  }

  #alive(): void {
    clearTimeout(this.#silence)
    this.#silence = this.#listenFor(SILENCE_MS)
  }

  #listenFor(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#ws.terminate(), ms).unref()
  }
}
