import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { endWithThisProcess, stopProcess } from '../server-process.ts'

/** A peer's process that answers. */
export interface Started {
  child: ChildProcess
  pid: number
  stop(): Promise<void>
}

/** A TCP port of 127.0.0.1 that nobody listens on now. */
export function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/**
 * Starts `node args…` in a folder and waits until `ping` answers 2xx, two minutes at most.
 * @throws {Error} with what the process said, when it ends or stays silent
 */
export async function startNode(
  args: readonly string[],
  options: { cwd: string; env: Record<string, string>; ping: string },
): Promise<Started> {
  const { cwd, env, ping } = options
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithThisProcess(child)
  let said = ''
  const keep = (text: string) => {
    said = (said + text).slice(-4000)
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)
  const until = Date.now() + 120_000
  while (!(await answers(ping))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${args.join(' ')} ended:\n${said}`)
    if (Date.now() > until) {
      await stopProcess(child)
      throw new Error(`${args.join(' ')} did not answer on ${ping} in two minutes:\n${said}`)
    }
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  return { child, pid: child.pid ?? 0, stop: () => stopProcess(child) }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
