/**
 * `node bench/sockets.ts`: what an idle socket holds, and how fast a message reaches all sockets, against a bare `ws` server
 * in the same run. See README.md.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cpuSeconds } from './cpu-time.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { SocketClients } from './sockets-clients.ts'
import type { FanOut, Held } from './sockets-controls.ts'

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '7' },
    count: { type: 'string', default: '20' },
    size: { type: 'string', default: '200' },
  },
})
const [sockets, rounds] = [Number(values.sockets), Number(values.rounds)]
const fanOut: FanOut = { count: Number(values.count), size: Number(values.size) }
/** Sockets that are opened and closed before, so often: what a process needs once is no socket's. */
const WARM_UP = { sockets: 500, times: 10 }

/** A server with its sockets. */
interface Side {
  readonly name: string
  readonly server: ServerProcess
  readonly clients: SocketClients
  /** Bytes for each socket. */
  readonly perSocket: Held
  /** A server's frame of the message is so long. */
  readonly frame: number
}

/** What one fan-out took. */
interface Round {
  /** Messages times sockets in a second. */
  readonly perSecond: number
  /** Microseconds of the server's CPU for each message to each socket. */
  readonly cpu: number
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const frame = 2 + 2 + JSON.stringify({ type: 'said', data: { text: 'x'.repeat(fanOut.size) }, at: new Date() }).length
const bare = await side('bare ws', script('sockets-bare-server.ts'), '/')
const own = await side('Monozu', script('sockets-own-server.ts'), '/api/ws/bench')
const series = new Map<Side, Round[]>([
  [bare, []],
  [own, []],
])
for (const one of series.keys()) await run(one)
for (let round = 0; round < rounds; round++) for (const [one, all] of series) all.push(await run(one))

process.stdout.write(`${sockets} sockets; ${fanOut.count} messages of ${frame} bytes to each; ${rounds} rounds\n\n`)
process.stdout.write('           heap/socket  resident/socket   deliveries/s   CPU µs/delivery\n')
for (const [{ name, perSocket }, all] of series) {
  const cells = [
    name.padEnd(10),
    `${(perSocket.heap / 1024).toFixed(2)} KiB`.padStart(11),
    `${(perSocket.resident / 1024).toFixed(2)} KiB`.padStart(16),
    median(all.map(({ perSecond }) => perSecond))
      .toFixed(0)
      .padStart(14),
    median(all.map(({ cpu }) => cpu))
      .toFixed(2)
      .padStart(17),
  ]
  process.stdout.write(`${cells.join(' ')}\n`)
}
const [bares, owns] = [series.get(bare) ?? [], series.get(own) ?? []]
const rates = owns.map(({ perSecond }, i) => perSecond / (bares[i]?.perSecond ?? Number.NaN))
const costs = owns.map(({ cpu }, i) => cpu / (bares[i]?.cpu ?? Number.NaN))
process.stdout.write(
  `\nMonozu / bare ws: heap ${ratio(own.perSocket.heap, bare.perSocket.heap)}, ` +
    `resident ${ratio(own.perSocket.resident, bare.perSocket.resident)}; ` +
    `rate ${spread(rates)}; CPU ${spread(costs)}\n`,
)
for (const { server, clients } of series.keys()) {
  clients[Symbol.dispose]()
  await server.stop()
}
process.exit(0)

async function side(name: string, file: string, path: string): Promise<Side> {
  const server = await startServer(file)
  const query = server.said.token === undefined ? '' : `?token=${server.said.token}`
  const address = `${server.url}${path}${query}`
  for (let time = 0; time < WARM_UP.times; time++) {
    ;(await SocketClients.open(address, WARM_UP.sockets))[Symbol.dispose]()
  }
  const before = await held(server)
  const clients = await SocketClients.open(address, sockets)
  const after = await held(server)
  return {
    name,
    server,
    clients,
    frame,
    perSocket: {
      heap: (after.heap - before.heap) / sockets,
      resident: (after.resident - before.resident) / sockets,
    },
  }
}

/** What a server holds once it is at rest. */
async function held({ url }: ServerProcess): Promise<Held> {
  await new Promise(resolve => setTimeout(resolve, 2_000))
  return (await fetch(`${url}/held`)).json() as Promise<Held>
}

async function run({ server, clients }: Side): Promise<Round> {
  const cpu = cpuSeconds(server.pid) ?? Number.NaN
  const began = performance.now()
  const got = clients.got(sockets * fanOut.count * frame)
  await fetch(`${server.url}/fan-out?count=${fanOut.count}&size=${fanOut.size}`, { method: 'POST' })
  await got
  const deliveries = sockets * fanOut.count
  return {
    perSecond: deliveries / ((performance.now() - began) / 1000),
    cpu: (((cpuSeconds(server.pid) ?? Number.NaN) - cpu) * 1e6) / deliveries,
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function ratio(a: number, b: number): string {
  return (a / b).toFixed(2)
}

function spread(numbers: readonly number[]): string {
  return `${median(numbers).toFixed(2)} (${Math.min(...numbers).toFixed(2)}–${Math.max(...numbers).toFixed(2)})`
}
