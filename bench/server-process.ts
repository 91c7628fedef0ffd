import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

/** A server that the benchmark started in a process of its own. */
export interface ServerProcess {
  pid: number
  /** Where it listens, without a slash at the end. */
  url: string
  stop(): Promise<void>
}

/** What a server says in its first line. */
export interface FirstLine {
  readonly url: string
  /** An access token, where the server makes its own. */
  readonly token?: string
}

/** What a hand-written server is told: `--port` or PORT (default: a free one), `--file` or DATA_FILE (default: a temporary one). */
export interface ServerOptions {
  port: number
  file: string
}

/** Reads the options of a hand-written server; a file that nobody named is deleted when the process ends. */
export function serverOptions(): ServerOptions {
  const { values } = parseArgs({ options: { port: { type: 'string' }, file: { type: 'string' } } })
  const port = Number(values.port ?? process.env.PORT ?? 0)
  const file = values.file ?? process.env.DATA_FILE
  if (file !== undefined) return { port, file }
  const folder = mkdtempSync(join(tmpdir(), 'monozu-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return { port, file: join(folder, 'assets.sqlite') }
}

/** Listens on 127.0.0.1, says `{"url": …}` in one line on stdout, and ends the process on SIGTERM or SIGINT. */
export function serve(server: Server, port: number): void {
  server.listen(port, '127.0.0.1', () => {
    const address = server.address() as AddressInfo
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}` })}\n`)
  })
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0))
}

/** Starts one of the hand-written servers with this process's Node and waits for its line. */
export async function startServer(
  script: string,
  args: readonly string[] = [],
): Promise<ServerProcess & { said: FirstLine }> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  endWithThisProcess(child)
  const said = await firstLine(child, script)
  return { pid: child.pid ?? 0, url: said.url, said, stop: () => stopProcess(child) }
}

/** Ends a child with SIGTERM, after five seconds with SIGKILL; resolves when it is gone. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(killer)
}

/** Sees to it that a child does not outlive this process, whatever ends it but a signal. */
export function endWithThisProcess(child: ChildProcess): void {
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
}

async function firstLine(child: ChildProcess, script: string): Promise<FirstLine> {
  if (child.stdout === null) throw new Error(`${script} has no stdout`)
  for await (const line of createInterface({ input: child.stdout })) {
    const said: unknown = JSON.parse(line)
    if (typeof said === 'object' && said !== null && 'url' in said && typeof said.url === 'string') {
      return { ...said, url: said.url }
    }
  }
  throw new Error(`${script} ended before it listened`)
}
