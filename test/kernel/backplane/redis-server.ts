import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { ImplementationFn, TestFn } from 'ava'

/** Ends the server with whoever started it, also when that is killed: then the input of the shell ends. */
const UNTIL_INPUT_ENDS = 'redis-server "$@" < /dev/null & echo "pid $!"; cat > /dev/null; kill -9 $! 2> /dev/null'

/** Whether there is a Redis to start. */
export const redisIsThere: boolean = spawnSync('redis-server', ['--version']).status === 0

/** `test` for what needs a Redis; skipped, with the reason, where there is none. */
export const redisTest =
  (test: TestFn) =>
  (title: string, run: ImplementationFn<[]>): void => {
    if (redisIsThere) test(title, run)
    else test.skip(`${title} (no redis-server on the PATH: apt-get install redis-server)`, run)
  }

/** A Redis of a test's own, which can be killed and started again on the same port. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  readonly #password: string | undefined
  #shell: ChildProcess | undefined
  #pid = 0

  private constructor(port: number, folder: string, password: string | undefined) {
    this.port = port
    this.#folder = folder
    this.#password = password
  }

  /** Starts one in a folder of its own, on a free port unless one is given. */
  static async start(given: { readonly port?: number; readonly password?: string } = {}): Promise<RedisServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'monozu-redis-'))
    const server = new RedisServer(given.port ?? (await freePort()), folder, given.password)
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
    const shell = spawn('/bin/sh', ['-c', UNTIL_INPUT_ENDS, 'sh', ...settings], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#shell = shell
    for await (const line of createInterface({ input: shell.stdout })) {
      if (line.startsWith('pid ')) this.#pid = Number(line.slice(4))
      if (line.includes('Ready to accept connections')) break
    }
    shell.stdout.resume()
  }

  /** Stops it, without a word to its clients. */
  async kill(): Promise<void> {
    const shell = this.#shell
    this.#shell = undefined
    if (!shell) return
    const exit = once(shell, 'exit')
    shell.stdin?.end()
    await exit
  }

  /** Holds it up: it keeps its connections, and does not answer. */
  freeze(): void {
    process.kill(this.#pid, 'SIGSTOP')
  }

  thaw(): void {
    process.kill(this.#pid, 'SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
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
