/**
 * `node bench/ingest.ts`: rows a second that `POST /v1/ingest` stores, against a bare transaction of better-sqlite3 with the
 * same rows, in the same run. See README.md.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { cpuSeconds } from './cpu-time.ts'
import { bareWriter, rowsOf, sampleBatch } from './ingest-rows.ts'
import { startServer } from './server-process.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    size: { type: 'string', default: '500' },
    connections: { type: 'string', default: '1,4' },
    json: { type: 'boolean', default: false },
  },
})
const [rounds, size, ms] = [Number(values.rounds), Number(values.size), Number(values.seconds) * 1000]

/** What one round of one side came to. */
interface Round {
  readonly perSecond: number
  /** Microseconds of the writer's CPU for each row. */
  readonly cpu: number
}

const folder = mkdtempSync(join(tmpdir(), 'monozu-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const server = await startServer(fileURLToPath(new URL('own-server.ts', import.meta.url)), [
  '--file',
  join(folder, 'own'),
])
const api = server.url
const devices = await Promise.all(['bare', 'one', 'two', 'three', 'four', 'five', 'six', 'seven'].map(register))
const [bareDevice] = devices as [Device]
const copy = join(folder, 'bare.db')
const tenant = copyDatabase(copy)
const bare = bareWriter(copy)
let turn = 0

const sides = new Map<string, () => Promise<Round>>([
  ['better-sqlite3', runBare],
  ...values.connections.split(',').map(count => {
    const name = `Monozu, ${count} connection${count === '1' ? '' : 's'}`
    return [name, () => runOwn(devices.slice(1, 1 + Number(count)))] as const
  }),
])
const series = new Map([...sides.keys()].map(name => [name, [] as Round[]]))
for (const run of sides.values()) await run()
for (let round = 0; round < rounds; round++) for (const [name, run] of sides) series.get(name)?.push(await run())
bare.close()
await server.stop()

const base = series.get('better-sqlite3') ?? []
const table = [...series].map(([name, all]) => ({
  name,
  rowsPerSecond: median(all.map(({ perSecond }) => perSecond)),
  ratio: spread(all.map(({ perSecond }, at) => perSecond / (base[at]?.perSecond ?? Number.NaN))),
  cpuPerRow: median(all.map(({ cpu }) => cpu)),
  cpuRatio: spread(all.map(({ cpu }, at) => cpu / (base[at]?.cpu ?? Number.NaN))),
}))
if (values.json) process.stdout.write(`${JSON.stringify({ size, rounds, table }, null, 2)}\n`)
else {
  process.stdout.write(`batches of ${size}; ${rounds} rounds of ${values.seconds} s each\n\n`)
  process.stdout.write('                         rows/s   ratio              CPU µs/row   ratio\n')
  for (const { name, rowsPerSecond, ratio, cpuPerRow, cpuRatio } of table) {
    const cells = [name.padEnd(22), rowsPerSecond.toFixed(0).padStart(8), `  ${ratio.padEnd(18)}`]
    process.stdout.write(`${cells.join(' ')}${cpuPerRow.toFixed(1).padStart(10)}   ${cpuRatio}\n`)
  }
}
process.exit(0)

interface Device {
  readonly device_id: string
  readonly device_key: string
}

async function register(name: string): Promise<Device> {
  const send = async (path: string, body: object, headers: Record<string, string>) => {
    const answer = await fetch(`${api}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    if (answer.status !== 201) throw new Error(`${path}: ${await answer.text()}`)
    return answer.json()
  }
  const made = (await send('/edge/keys', { label: name }, { authorization: `Bearer ${server.said.token}` })) as {
    provisioning_key: string
  }
  return (await send('/devices/register', { name }, { 'x-provisioning-key': made.provisioning_key })) as Device
}

/** Copies the server's database, so that the bare side has the same tables and rows. Answers the tenant's id. */
function copyDatabase(to: string): string {
  const file = readdirSync(folder).find(name => /\.(db|sqlite)$/.test(name))
  if (file === undefined) throw new Error(`the server keeps no database in ${folder}: ${readdirSync(folder)}`)
  const db = new Database(join(folder, file), { readonly: true })
  db.prepare('VACUUM INTO ?').run(to)
  const row = db.prepare<[], { tenant_id: string }>('SELECT tenant_id FROM devices LIMIT 1').get()
  db.close()
  return row?.tenant_id ?? ''
}

async function runBare(): Promise<Round> {
  const most = 1000
  const batches = Array.from({ length: most }, () =>
    rowsOf(sampleBatch('bare', turn++, size), tenant, bareDevice.device_id),
  )
  const before = process.cpuUsage()
  const began = performance.now()
  let done = 0
  while (done < most && performance.now() - began < ms) bare.write(batches[done++] ?? [])
  return roundOf(done, performance.now() - began, cpuOf(process.cpuUsage(before)))
}

/** Seconds. */
function cpuOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6
}

/** Each device sends one batch after the other over a connection of its own. */
async function runOwn(senders: readonly Device[]): Promise<Round> {
  const agent = new Agent({ keepAlive: true })
  const url = new URL('/v1/ingest', api)
  const cpu = cpuSeconds(server.pid) ?? Number.NaN
  const began = performance.now()
  let done = 0
  await Promise.all(
    senders.map(async ({ device_id, device_key }) => {
      const next = (): string => JSON.stringify(sampleBatch(device_id, turn++, size))
      for (let body = next(); performance.now() - began < ms; done += 1) {
        const sent = post(url, agent, device_key, body)
        // An agent gathers while it waits, too.
        body = next()
        const status = await sent
        if (status !== 204) throw new Error(`a batch was answered with ${status}`)
      }
    }),
  )
  const round = roundOf(done, performance.now() - began, (cpuSeconds(server.pid) ?? Number.NaN) - cpu)
  agent.destroy()
  return round
}

function roundOf(batches: number, took: number, cpu: number): Round {
  return { perSecond: (batches * size * 1000) / took, cpu: (cpu * 1e6) / (batches * size) }
}

function post(url: URL, agent: Agent, key: string, body: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-device-key': key,
  }
  const sent = request(url, { method: 'POST', agent, headers }, answer => {
    answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
  })
  sent.once('error', reject).end(body)
  return promise
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function spread(numbers: readonly number[]): string {
  return `${median(numbers).toFixed(2)} (${Math.min(...numbers).toFixed(2)}–${Math.max(...numbers).toFixed(2)})`
}
