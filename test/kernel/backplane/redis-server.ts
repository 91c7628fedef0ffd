import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { ImplementationFn, TestFn } from 'ava'

const found = spawnSync('redis-server', ['--version']).status === 0

/** `test` for what needs a Redis; skipped, with the reason, where there is none. */
export const redisTest =
  (test: TestFn) =>
  (title: string, run: ImplementationFn<[]>): void => {
    if (found) test(title, run)
    else test.skip(`${title} (no redis-server on the PATH: apt-get install redis-server)`, run)
  }

/** A Redis of a test's own, which can be killed and started again on the same port. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  readonly #password: string | undefined
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string, password: string | undefined) {
    this.port = port
    this.#folder = folder
    this.#password = password
  }

  /** Starts one on a free port, in a folder of its own. */
  static async start(password?: string): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await mkdtemp(path.join(tmpdir(), 'monozu-redis-')), password)
    await server.start()
    return server
  }

  get url(): string {
    const password = this.#password === undefined ? '' : `:${this.#password}@`
    return `redis://${password}127.0.0.1:${this.port}`
  }

  /** Starts it again, after `kill`. */
  async start(): Promise<void> {
    const settings = [
      ...[
        '--port',
        String(this.port),
        '--bind',
        '127.0.0.1',
        '--dir',
        this.#folder,
        '--save',
        '',
        '--appendonly',
        'no',
      ],
      ...(this.#password === undefined ? [] : ['--requirepass', this.#password]),
    ]
    const started = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#process = started
    for await (const line of createInterface({ input: started.stdout })) {
      if (line.includes('Ready to accept connections')) break
    }
    started.stdout.resume()
  }

  /** Stops it, without a word to its clients. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Holds it up: it keeps its connections, and does not answer. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = this.#process
    this.#process = undefined
    if (!ended || ended.exitCode !== null) return
    const exit = once(ended, 'exit')
    ended.kill(signal)
    await exit
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
