/**
 * `node bench/audit-chain.ts`: lines a second that the audit chain is sealed and verified with, how long either holds the
 * event loop, and writes with the sealer at work against writes without, in turn. See README.md.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as rest } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openSqlite } from '../db/dialects/sqlite.ts'
import { migrate } from '../db/migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS } from '../db/migration-files.ts'
import { ChainSealer } from '../kernel/audit/chain-sealer.ts'
import { ChainReader } from '../kernel/audit/chain-store.ts'
import { createHeadSigner } from '../kernel/audit/head-signature.ts'
import { verifyChain } from '../kernel/audit/verify.ts'
import { writeAudit } from '../kernel/audit/writer.ts'
import { newId } from '../kernel/data/id.ts'
import { PlatformDb } from '../kernel/data/platform-db.ts'
import { TenantDb } from '../kernel/data/tenant-db.ts'
import { TransactionSlot } from '../kernel/data/transaction-slot.ts'
import { createLogger } from '../kernel/log/create-logger.ts'

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const [lines, rounds, ms] = [Number(values.lines), Number(values.rounds), Number(values.seconds) * 1000]

const folder = mkdtempSync(join(tmpdir(), 'monozu-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const database = await openSqlite({ filename: join(folder, 'audit.db') })
await migrate(database, { migrations: findMigrations(KERNEL_MIGRATIONS) })
const shared = new Set(['audit_chains'])
const { log } = createLogger({ LOG_LEVEL: 'silent', LOG_FORMAT: 'json', LOG_REQUESTS: 'errors' })
const signer = createHeadSigner('a secret of the benchmark that guards nothing')
const sealer = new ChainSealer(signer)
const { signal } = new AbortController()
const tenant = newId()
const now = (): Date => new Date()
await database.knex('tenants').insert({
  id: tenant,
  name: 'Bench',
  account_name: 'bench',
  status: 'active',
  created_at: now(),
  updated_at: now(),
})

const facts = () => ({
  actor: { kind: 'user' as const, id: '01900000-0000-7000-8000-00000000b001' },
  address: '192.0.2.7',
  traceId: newId().replaceAll('-', ''),
  now: now(),
})
const entry = (n: number) => ({
  action: 'asset.updated',
  resourceType: 'asset',
  resourceId: newId(),
  before: { name: `Pump ${n}`, site_id: newId(), criticality: 'low' },
  after: { name: `Pump ${n + 1}`, site_id: newId(), criticality: 'high' },
})

/** What something came to. */
interface Pace {
  readonly perSecond: number
  /** Microseconds of CPU for each line: what to compare on a machine that others use, too. */
  readonly cpu: number
  /** How long the event loop was held at a time, in milliseconds: 99 of 100 times at most, and the longest. */
  readonly held: readonly [p99: number, most: number]
}

async function paced(work: () => Promise<number>): Promise<Pace> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  const done = await work()
  const took = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  await rest(5)
  delay.disable()
  const held = [delay.percentile(99) / 1e6, delay.max / 1e6] as const
  return { perSecond: (done * 1000) / took, cpu: (user + system) / done, held }
}

const seal = async (): Promise<number> =>
  (await sealer.sealAll({ db: new PlatformDb(database, shared), log, signal, now: now() })).sealed

for (let written = 0; written < lines; written += 1000) {
  const some = Array.from({ length: Math.min(1000, lines - written) }, (_, n) => entry(written + n))
  await writeAudit(new TenantDb(database, tenant, shared), some, facts())
}
const sealed = await paced(seal)
const verified = await paced(async () => {
  const { valid, checked } = await verifyChain(ChainReader.ofTenant(new TenantDb(database, tenant, shared)), signer, {
    signal,
  })
  if (!valid) throw new Error('the chain is not valid')
  return checked
})

/** What a round of writes came to. */
interface Round {
  readonly perSecond: number
  /** Microseconds of CPU for each write, with what the sealer took. */
  readonly cpu: number
}

/** Writes by eight at once, as a route makes them: a short transaction with a row and its audit line. */
async function writes(withSealer: boolean): Promise<Round> {
  await seal()
  let going = true
  let done = 0
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  const sealing = (async () => {
    while (withSealer && going) {
      await seal()
      await rest(100)
    }
  })()
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (performance.now() - began < ms) {
        const slot = new TransactionSlot(database)
        const own = new TenantDb(database, tenant, shared, slot)
        const work = async (): Promise<void> => {
          await own.table('groups').insert({ id: newId(), name: newId(), created_at: now(), updated_at: now() })
          await writeAudit(own, [entry(done)], facts())
        }
        await slot.run(tenant, work, { short: true })
        done++
      }
    }),
  )
  const took = performance.now() - began
  going = false
  await sealing
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: (done * 1000) / took, cpu: (user + system) / done }
}

await writes(false)
const pairs: [without: Round, beside: Round][] = []
for (let round = 0; round < rounds; round++) pairs.push([await writes(false), await writes(true)])
await database.close()

const result = {
  lines,
  sealed,
  verified,
  writes: {
    without: median(pairs.map(([one]) => one.perSecond)),
    beside: median(pairs.map(([, one]) => one.perSecond)),
    ratio: spread(pairs.map(([without, beside]) => beside.perSecond / without.perSecond)),
    cpuRatio: spread(pairs.map(([without, beside]) => beside.cpu / without.cpu)),
  },
}
if (values.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
else {
  process.stdout.write(`${lines} lines\n\n              lines/s   CPU µs/line   event loop held, p99 and most\n`)
  for (const [name, { perSecond, cpu, held }] of [['sealed', sealed] as const, ['verified', verified] as const]) {
    const [p99, most] = held.map(time => `${time.toFixed(1)} ms`)
    process.stdout.write(
      `${name.padEnd(10)} ${perSecond.toFixed(0).padStart(10)} ${cpu.toFixed(1).padStart(13)}   ${p99}, ${most}\n`,
    )
  }
  const { without, beside, ratio, cpuRatio } = result.writes
  process.stdout.write(
    `\nwrites/s without the sealer ${without.toFixed(0)}, with it ten times a second ${beside.toFixed(0)}: ratio ${ratio}, CPU ${cpuRatio}\n`,
  )
}
process.exit(0)

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function spread(numbers: readonly number[]): string {
  return `${median(numbers).toFixed(2)} (${Math.min(...numbers).toFixed(2)}–${Math.max(...numbers).toFixed(2)})`
}
