/**
 * `node bench/log-ins.ts`: what other requests feel of 20 people who log in at the same moment. See README.md.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { benchAccount, benchToken } from './bench-tenant.ts'
import { newTenant, startProduct } from './product-server.ts'

const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '100' },
  },
})
const [people, rounds, seconds, rate] = [values.people, values.rounds, values.seconds, values.rate].map(Number) as [
  number,
  number,
  number,
  number,
]

const folder = mkdtempSync(join(tmpdir(), 'monozu-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const server = await startProduct(folder)
await newTenant(server.url)
const agent = new Agent({ keepAlive: true })
const token = await benchToken(server.url)
const accounts = await addPeople()

await phase(false, 2)
const ratios: number[] = []
for (let round = 1; round <= rounds; round += 1) {
  const idle = await phase(false, seconds)
  const busy = await phase(true, seconds)
  const ratio = at(busy.times, 0.99) / at(idle.times, 0.99)
  ratios.push(ratio)
  say(
    `round ${round}: idle p50 ${ms(idle.times, 0.5)}, p99 ${ms(idle.times, 0.99)}; under ${people} log-ins at once ` +
      `p50 ${ms(busy.times, 0.5)}, p99 ${ms(busy.times, 0.99)} (${(busy.logIns / seconds).toFixed(1)} log-ins a second); ` +
      `p99 ratio ${ratio.toFixed(2)}`,
  )
}
ratios.sort((a, b) => a - b)
say(
  `p99 under log-ins is ${ratios[Math.floor(rounds / 2)]?.toFixed(2)} times that of idle (median of ${rounds} rounds, ` +
    `${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)})`,
)
agent.destroy()
await server.stop()
process.exit(0)

interface Phase {
  /** Milliseconds of each request, sorted. */
  readonly times: number[]
  readonly logIns: number
}

/** Sends so many requests a second, evenly, whether the ones before were answered or not; people log in meanwhile, or not. */
async function phase(loggingIn: boolean, forSeconds: number): Promise<Phase> {
  let logIns = 0
  let over = false
  const logIn = async (email: string): Promise<void> => {
    while (!over) {
      const status = await send('POST', '/auth/login', { email, password: benchAccount.password })
      if (status !== 200) throw new Error(`a log-in was answered with ${status}`)
      logIns += 1
    }
  }
  const loops = loggingIn ? accounts.map(logIn) : []
  if (loggingIn) await sleep(500)
  logIns = 0
  const times: number[] = []
  const sent: Promise<void>[] = []
  const began = performance.now()
  for (let i = 0; i < forSeconds * rate; i += 1) {
    const wait = began + (i * 1000) / rate - performance.now()
    if (wait > 0) await sleep(wait)
    const at = performance.now()
    sent.push(
      send('GET', '/me').then(status => {
        if (status !== 200) throw new Error(`a request was answered with ${status}`)
        times.push(performance.now() - at)
      }),
    )
  }
  await Promise.all(sent)
  const counted = logIns
  over = true
  await Promise.all(loops)
  return { times: times.sort((a, b) => a - b), logIns: counted }
}

/** Users who can log in: one account that is tried twenty times at once is slowed down, as it should be. */
async function addPeople(): Promise<string[]> {
  const emails = Array.from({ length: people }, (_, i) => `person-${i}@bench.example`)
  for (const email of emails) {
    const status = await send('POST', '/users', { email, name: 'Person', password: benchAccount.password })
    if (status !== 201) throw new Error(`a user was answered with ${status}`)
  }
  return emails
}

function send(method: string, path: string, body?: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const asked = request(`${server.url}/api/v1${path}`, { method, agent, headers }, answer => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode ?? 0))
    })
    asked.once('error', reject)
    asked.end(body && JSON.stringify(body))
  })
}

function at(times: readonly number[], part: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN
}

function ms(times: readonly number[], part: number): string {
  return `${at(times, part).toFixed(1)} ms`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
