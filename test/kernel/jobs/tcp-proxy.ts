import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'

/** Stands between a client and a server, which it can make unreachable. */
export interface TcpProxy {
  /** The URL with this proxy's address in place of the server's. */
  readonly url: string
  /** Ends every connection and takes no more, as a server that is gone. */
  cut(): Promise<void>
  /** Keeps connections, and lets nothing through either way, as a network that drops packets. */
  freeze(): void
  /** Lets everything through again. */
  mend(): Promise<void>
}

/** A proxy in front of the server of a URL, until the end of the test. */
export async function tcpProxy(t: ExecutionContext, url: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  let frozen = false
  const server = createServer(near => {
    const far = connect(Number(port), hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket)
      socket.on('data', data => void (frozen || other.write(data)))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
  })
  const listen = async (at: number): Promise<number> => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const drop = (): void => {
    for (const socket of open) socket.destroy()
  }
  const here = await listen(0)
  t.teardown(() => {
    server.close()
    drop()
  })
  return {
    url: url.replace(`${hostname}:${port}`, `127.0.0.1:${here}`),
    async cut() {
      if (!server.listening) return
      server.close()
      drop()
      await once(server, 'close')
    },
    freeze() {
      frozen = true
    },
    async mend() {
      // What was in the middle of something when it was frozen is of no use any more.
      if (frozen) drop()
      frozen = false
      if (!server.listening) await listen(here)
    },
  }
}
