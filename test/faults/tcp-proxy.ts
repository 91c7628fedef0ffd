import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { freePort } from './server.ts'

/** Stands between servers and their database, and can be the network at its worst. */
export class TcpProxy {
  /** Milliseconds that everything on its way to the database takes longer. */
  delayMs = 0
  readonly port: number
  readonly #target: { readonly host: string; readonly port: number }
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #frozen: PromiseWithResolvers<void> | undefined

  private constructor(port: number, target: { readonly host: string; readonly port: number }) {
    this.port = port
    this.#target = target
  }

  /** A proxy before the server of a database URL; it ends with the test. */
  static async before(t: ExecutionContext, url: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(url)
    const proxy = new TcpProxy(await freePort(), { host: hostname, port: Number(port || 1433) })
    await proxy.restore()
    t.teardown(() => proxy.cut())
    return proxy
  }

  /** The database URL that leads through here. */
  through(url: string): string {
    const changed = new URL(url)
    changed.hostname = '127.0.0.1'
    changed.port = String(this.port)
    return changed.href
  }

  get connections(): number {
    return this.#sockets.size / 2
  }

  /** Ends every connection, and refuses new ones. */
  async cut(): Promise<void> {
    this.thaw()
    const server = this.#server
    this.#server = undefined
    const closed = server && once(server, 'close')
    server?.close()
    this.drop()
    await closed
  }

  /** Ends every connection; new ones may come. */
  drop(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Lets nothing through, and tells nobody: a firewall that has forgotten its connections. */
  freeze(): void {
    this.#frozen ??= Promise.withResolvers()
  }

  /** Lets through what has waited. */
  thaw(): void {
    this.#frozen?.resolve()
    this.#frozen = undefined
  }

  /** Takes connections again. */
  async restore(): Promise<void> {
    this.#server = createServer(client => this.#join(client)).listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  #join(client: Socket): void {
    const upstream = connect(this.#target.port, this.#target.host)
    this.#carry(client, upstream, () => this.delayMs)
    this.#carry(upstream, client, () => 0)
  }

  #carry(from: Socket, to: Socket, delayMs: () => number): void {
    this.#sockets.add(from)
    let turn = Promise.resolve()
    from.setNoDelay(true)
    from.on('data', part => {
      const due = Date.now() + delayMs()
      turn = turn.then(async () => {
        const wait = due - Date.now()
        if (wait > 0) await sleep(wait)
        await this.#frozen?.promise
        if (!to.destroyed) to.write(part)
      })
    })
    from.on('error', () => undefined)
    from.on('close', () => {
      this.#sockets.delete(from)
      void turn.then(() => to.destroy())
    })
  }
}
