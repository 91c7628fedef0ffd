import { connect, type Socket } from 'node:net'

const AT_ONCE = 100
const END_OF_HEADERS = Buffer.from('\r\n\r\n')

/** Many sockets of one process that only count what comes: as little work as can be, for they share the machine. */
export class SocketClients implements Disposable {
  readonly #sockets: Socket[] = []
  #bytes = 0
  #expected = Infinity
  #complete: (() => void) | undefined

  /** Opens `count` sockets, a hundred at a time. */
  static async open(url: string, count: number): Promise<SocketClients> {
    const clients = new SocketClients()
    for (let open = 0; open < count; open += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - open) }, () => clients.#open(new URL(url))))
    }
    return clients
  }

  /** Resolves when all sockets together have got so many more bytes. */
  async got(bytes: number): Promise<void> {
    this.#bytes = 0
    this.#expected = bytes
    await new Promise<void>(resolve => {
      this.#complete = resolve
    })
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #open({ hostname, port, pathname, search }: URL): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      this.#sockets.push(socket)
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('a socket was closed')))
      socket.write(
        `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      )
      socket.once('data', (head: Buffer) => {
        if (!head.toString('latin1').startsWith('HTTP/1.1 101 ')) reject(new Error(`refused: ${head}`))
        if (!head.includes(END_OF_HEADERS)) reject(new Error('the answer came in pieces'))
        socket.on('data', (piece: Buffer) => this.#count(piece.length))
        resolve()
      })
    })
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes >= this.#expected) this.#complete?.()
  }
}
