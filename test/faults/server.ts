import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { Client } from './client.ts'

const MAIN = path.join(import.meta.dirname, '../../kernel/main.ts')
const WAIT_MS = 90_000

/** Secrets that all instances of a test share. */
export const secrets = {
  SECRET_KEY: 'a-key-that-signs-the-tokens-of-the-fault-tests',
  CLOUD_WEBHOOK_HMAC_SECRET: 'the-webhook-secret-of-the-fault-tests',
  CLOUD_INTERNAL_API_TOKEN: 'the-internal-token-of-the-fault-tests',
}

/** How a server is started. */
export interface ServerOptions {
  /** Settings: DATA_DIR or DATABASE_URL, and others. */
  readonly env: Readonly<Record<string, string>>
  /** Default: a free one. */
  readonly port?: number
  /** Default: `kernel/main.ts`. */
  readonly script?: string
  /** `listening`: as soon as it answers at all. Default `ready`. */
  readonly until?: 'listening' | 'ready'
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string; readonly level: number }

/** A server in a process of its own, as an operator runs it. */
export class ServerProcess {
  readonly url: string
  readonly port: number
  readonly exited: Promise<Exit>
  /** What it logged, but for requests. */
  readonly log: LogLine[] = []
  /** What it wrote to standard error. */
  stderr = ''
  readonly #child: ChildProcess

  constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
    child.stderr?.on('data', text => {
      this.stderr += text
    })
    if (child.stdout) createInterface({ input: child.stdout }).on('line', line => this.#heard(line))
  }

  get pid(): number {
    return this.#child.pid as number
  }

  get client(): Client {
    return new Client(this.url)
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal)
    return this.exited
  }

  /** What `/health/ready` says; undefined when nobody answers. */
  async ready(): Promise<{ status: number; body: { status: string; problems?: Record<string, string> } } | undefined> {
    const client = this.client
    try {
      const { status, body } = await client.get('/health/ready')
      return { status, body }
    } catch {
      return undefined
    } finally {
      client.close()
    }
  }

  /** Waits until `/health/ready` answers with this status. */
  async becomes(status: 200 | 503): Promise<void> {
    await eventually(`/health/ready of ${this.url} to be ${status}`, async () => {
      if (!this.running) throw new Error(`the server ended: ${this.stderr || JSON.stringify(this.log.at(-1))}`)
      return (await this.ready())?.status === status
    })
  }

  /** What it logged as an error, shortly: for the message of a failed test. */
  get errors(): string {
    const errors = this.log.filter(({ level }) => level >= 50)
    return errors.map(({ msg, err }) => `${msg} ${JSON.stringify(err ?? '').slice(0, 1500)}`).join('\n')
  }

  /** Megabytes that the process holds. */
  residentMegabytes(): number {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) / 1024
  }

  #heard(line: string): void {
    try {
      const record = JSON.parse(line) as LogLine
      if (record.msg !== 'request') this.log.push(record)
    } catch {
      // The banner that people read.
    }
  }
}

/** Starts a server and waits until it is ready; it ends with the test. */
export async function startServer(t: ExecutionContext, options: ServerOptions): Promise<ServerProcess> {
  const server = await launch(t, options)
  if (options.until === 'listening') {
    await eventually('the server to listen', async () => !server.running || (await server.ready()) !== undefined)
  } else await server.becomes(200)
  return server
}

/** Starts a server without waiting for anything. */
export async function launch(t: ExecutionContext, { env, script = MAIN, port }: ServerOptions): Promise<ServerProcess> {
  const taken = port ?? (await freePort())
  const child = spawn(process.execPath, [script, '--no-demo'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      PORT: String(taken),
      LOG_FORMAT: 'json',
      LOG_REQUESTS: 'errors',
      SHUTDOWN_TIMEOUT_SECONDS: '10',
      ...secrets,
      ...env,
    },
  })
  const server = new ServerProcess(child, taken)
  t.teardown(async () => {
    if (!server.running) return
    server.signal('SIGCONT')
    await server.end('SIGKILL')
  })
  return server
}

/** A folder that goes with the test. */
export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'monozu-fault-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Waits until `look` is true; what it throws ends the wait. */
export async function eventually(
  what: string,
  look: () => boolean | Promise<boolean>,
  waitMs = WAIT_MS,
): Promise<void> {
  const deadline = Date.now() + waitMs
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`waited ${waitMs / 1000} s for ${what}`)
    await sleep(25)
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
