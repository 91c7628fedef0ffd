import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { ExecutionContext } from 'ava'
import { Client } from './client.ts'
import { freePort } from './server.ts'

const PROBE_MS = 200

/**
 * A balancer as simple as they come: asks `/health/ready` of each instance now and then, sends each request to the next
 * one that was ready when asked last, over connections that it keeps, and never sends a request twice.
 */
export class Balancer {
  readonly url: string
  readonly #ready = new Map<string, boolean>()
  readonly #agent = new Agent({ keepAlive: true })
  readonly #probes: Client[]
  #turn = 0

  private constructor(port: number, instances: readonly string[]) {
    this.url = `http://127.0.0.1:${port}`
    for (const instance of instances) this.#ready.set(instance, false)
    this.#probes = instances.map(instance => new Client(instance))
  }

  /** Starts one before these instances; it ends with the test. */
  static async before(t: ExecutionContext, instances: readonly string[]): Promise<Balancer> {
    const port = await freePort()
    const balancer = new Balancer(port, instances)
    const server = createServer((asked, answer) => balancer.#pass(asked, answer)).listen(port, '127.0.0.1')
    await once(server, 'listening')
    await balancer.probe()
    const timer = setInterval(() => void balancer.probe(), PROBE_MS)
    t.teardown(() => {
      clearInterval(timer)
      server.close()
      server.closeAllConnections()
      balancer.#agent.destroy()
      for (const client of balancer.#probes) client.close()
    })
    return balancer
  }

  /** Instances that get requests now. */
  get inService(): string[] {
    return [...this.#ready].filter(([, ready]) => ready).map(([instance]) => instance)
  }

  /** Asks every instance whether it is ready. */
  async probe(): Promise<void> {
    await Promise.all(
      this.#probes.map(async client => {
        const answer = await client.get('/health/ready').catch(() => undefined)
        this.#ready.set(client.url, answer?.status === 200)
      }),
    )
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const instances = this.inService
    const instance = instances[this.#turn++ % instances.length]
    if (!instance) {
      answer.writeHead(502).end()
      return
    }
    const { method, headers } = asked
    const passed = request(`${instance}${asked.url}`, { method: method ?? 'GET', headers, agent: this.#agent })
    passed.on('response', response => {
      const { connection: _connection, ...kept } = response.headers
      answer.writeHead(response.statusCode ?? 502, kept)
      response.pipe(answer)
    })
    passed.on('error', () => {
      if (answer.headersSent) answer.destroy()
      else answer.writeHead(502).end()
    })
    asked.pipe(passed)
  }
}
