/**
 * `node bench/startup.ts`: how long the server takes to its first 200 of /health/ready, and what memory it holds idle, on
 * an embedded database. See README.md.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { benchSettings } from './bench-tenant.ts'
import { cpuSeconds, residentMegabytes } from './cpu-time.ts'
import { freePort, isReady } from './product-server.ts'
import { endWithThisProcess, stopProcess } from './server-process.ts'

/** What one start was like. */
interface Start {
  /** Seconds from the start of the process to the first 200. */
  seconds: number
  /** Seconds of CPU until then. */
  cpu: number
  /** Megabytes held `idleSeconds` later. */
  megabytes: number
}

const { values } = parseArgs({
  options: {
    entry: { type: 'string', default: 'kernel/start.js' },
    rounds: { type: 'string', default: '5' },
    idle: { type: 'string', default: '5' },
  },
})
const main = fileURLToPath(new URL(`../${values.entry}`, import.meta.url))
const [rounds, idleSeconds] = [Number(values.rounds), Number(values.idle)]
const modes = { development: {}, production: benchSettings }

process.stdout.write(
  `node ${values.entry}: median of ${rounds} starts (fastest–slowest), memory ${idleSeconds} s after the first 200\n\n`,
)
process.stdout.write('mode         data folder    first 200 s        CPU s   resident MB\n')
for (const [mode, env] of Object.entries(modes)) {
  const series: Record<'new' | 'existing', Start[]> = { new: [], existing: [] }
  for (let round = 0; round < rounds; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'monozu-startup-'))
    try {
      for (const kind of ['new', 'existing'] as const) series[kind].push(await start(folder, env))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  for (const [kind, starts] of Object.entries(series)) process.stdout.write(`${line(mode, kind, starts)}\n`)
}

async function start(folder: string, env: Readonly<Record<string, string>>): Promise<Start> {
  const port = await freePort()
  const { PATH } = process.env
  const from = performance.now()
  const child = spawn(process.execPath, ['--v8-pool-size=2', main], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH, ...env, PORT: String(port), DATA_DIR: folder },
  })
  endWithThisProcess(child)
  try {
    while (!(await isReady(`http://127.0.0.1:${port}`))) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
      await sleep(5)
    }
    const seconds = (performance.now() - from) / 1000
    const cpu = cpuSeconds(child.pid) ?? Number.NaN
    await sleep(idleSeconds * 1000)
    return { seconds, cpu, megabytes: residentMegabytes(child.pid ?? 0) ?? Number.NaN }
  } finally {
    await stopProcess(child)
  }
}

function line(mode: string, kind: string, starts: readonly Start[]): string {
  const seconds = starts.map(one => one.seconds).sort((a, b) => a - b)
  const of = (value: (one: Start) => number): number => starts.map(value).sort((a, b) => a - b)[starts.length >> 1] ?? 0
  const range = `${seconds[0]?.toFixed(2)}–${seconds.at(-1)?.toFixed(2)}`
  const first = `${of(one => one.seconds).toFixed(2)} (${range})`
  return [
    mode.padEnd(11),
    kind.padEnd(12),
    first.padStart(17),
    of(one => one.cpu)
      .toFixed(2)
      .padStart(6),
    of(one => one.megabytes)
      .toFixed(0)
      .padStart(12),
  ].join('  ')
}
