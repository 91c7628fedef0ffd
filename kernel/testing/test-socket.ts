import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'

/** A frame as a client gets it. */
export interface TestFrame {
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever the channel sent
  readonly data: any
  readonly id?: string
  readonly at: string
}

/** The answer to an upgrade that was refused. */
export class SocketRefused extends Error {
  override readonly name = 'SocketRefused'
  readonly status: number
  readonly headers: IncomingMessage['headers']
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever the API answered
  readonly body: any

  constructor({ statusCode = 0, headers }: IncomingMessage, answer: string) {
    super(`the socket was refused with ${statusCode}: ${answer}`)
    this.status = statusCode
    this.headers = headers
    this.body = String(headers['content-type']).includes('json') ? JSON.parse(answer) : answer
  }
}

const WAIT_MS = 10_000

/** A socket of a client, for tests: `await using socket = await t.socket('a', ['jobs:read'], 'jobs')`. */
export class TestSocket implements AsyncDisposable {
  /** The socket itself, for what a test does to it. */
  readonly ws: WebSocket
  /** Settles when the socket has closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly #frames: TestFrame[] = []
  #arrived = Promise.withResolvers<void>()

  private constructor(ws: WebSocket) {
    this.ws = ws
    this.closed = new Promise(resolve =>
      ws.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        this.#arrived.resolve()
      }),
    )
    ws.on('message', data => {
      this.#frames.push(JSON.parse(String(data)) as TestFrame)
      this.#arrived.resolve()
    })
  }

  /**
   * Opens a socket.
   * @throws SocketRefused with the answer, when it was none of 101
   */
  static open(
    url: string,
    options: { readonly headers?: Readonly<Record<string, string>>; readonly protocols?: readonly string[] } = {},
  ): Promise<TestSocket> {
    const ws = new WebSocket(url, [...(options.protocols ?? [])], { headers: { ...options.headers } })
    const socket = new TestSocket(ws)
    return new Promise((resolve, reject) => {
      ws.once('open', () => resolve(socket))
      ws.on('error', reject)
      ws.once('unexpected-response', (_request, answer) => {
        void text(answer).then(body => reject(new SocketRefused(answer, body)), reject)
      })
    })
  }

  /** The oldest frame that was not taken yet, of this type if one is named; waits for it. */
  async next(type?: string): Promise<TestFrame> {
    const deadline = Date.now() + WAIT_MS
    for (;;) {
      const at = this.#frames.findIndex(frame => type === undefined || frame.type === type)
      const [frame] = at < 0 ? [] : this.#frames.splice(at, 1)
      if (frame) return frame
      if (this.ws.readyState === WebSocket.CLOSED) throw new Error(`the socket closed before ${type ?? 'a'} frame came`)
      this.#arrived = Promise.withResolvers()
      const late = setTimeout(this.#arrived.resolve, deadline - Date.now())
      await this.#arrived.promise
      clearTimeout(late)
      if (Date.now() >= deadline) throw new Error(`waited ${WAIT_MS / 1000} s for ${type ?? 'a'} frame`)
    }
  }

  /** Frames that came and were not taken. */
  get waiting(): readonly TestFrame[] {
    return this.#frames
  }

  /** Sends an envelope. */
  send(type: string, data?: unknown, id?: string): void {
    this.ws.send(JSON.stringify({ type, data, id }))
  }

  /** Waits until the server has handled what was sent so far: its answer to a ping comes after it was read. */
  async heard(): Promise<void> {
    const pong = new Promise<void>(resolve => this.ws.once('pong', () => resolve()))
    this.ws.ping()
    const end = await Promise.race([pong, this.closed])
    if (end) throw new Error(`the socket closed with ${end.code} ${end.reason}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ws.readyState !== WebSocket.CLOSED) this.ws.terminate()
    await this.closed
  }
}
