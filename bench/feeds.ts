/**
 * `node bench/feeds.ts [--assets 20000] [--data ../shared/data]`: the main job on real feeds, through a real server whose
 * heap is held below 512 MB. Imports assets, reads every NVD year, KEV, EPSS and Exploit-DB, matches all assets, then reads
 * one `modified` feed and matches what it changed.
 */
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { endWithThisProcess, stopProcess } from './server-process.ts'

const HEAP_MB = 512
const { values } = parseArgs({
  options: { assets: { type: 'string', default: '20000' }, data: { type: 'string', default: '../shared/data' } },
})
const data = path.resolve(values.data)
const count = Number(values.assets)
const modified = path.join(data, 'nvd/modified/nvdcve-2.0-modified_20260311T1856Z.json.gz')
if (!existsSync(modified)) {
  process.stdout.write(`skipped: there are no feeds in ${data}; name their folder with --data\n`)
  process.exit(0)
}
const folder = mkdtempSync(path.join(tmpdir(), 'monozu-bench-feeds-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

interface Job {
  readonly status: string
  readonly result: unknown
  readonly error: string | null
}

/** A server on the embedded database in `folder`, with these feeds. */
class BenchServer implements AsyncDisposable {
  readonly #child: ReturnType<typeof spawn>
  readonly #url: string
  #token = ''

  constructor(child: ReturnType<typeof spawn>, url: string) {
    this.#child = child
    this.#url = url
  }

  static async start(nvd: string): Promise<BenchServer> {
    const port = await freePort()
    const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, 'kernel/main.ts', '--no-demo'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        DATA_DIR: folder,
        PORT: String(port),
        LOG_LEVEL: 'error',
        FEED_NVD: nvd,
        FEED_KEV: path.join(data, 'kev'),
        FEED_EPSS: path.join(data, 'epss'),
        FEED_EXPLOITDB: path.join(data, 'exploitdb'),
      },
    })
    endWithThisProcess(child)
    const server = new BenchServer(child, `http://127.0.0.1:${port}`)
    for (;;) {
      const ready = await fetch(`${server.#url}/health/ready`).then(
        answer => answer.ok,
        () => false,
      )
      if (ready) return server
      await pause(50)
    }
  }

  get peakMegabytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024)
  }

  async ask<T>(method: string, at: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const text = typeof body === 'string'
    const answer = await fetch(`${this.#url}${at}`, {
      method,
      headers: {
        ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}),
        ...(body === undefined || text ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: text ? body : JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  async logIn(): Promise<void> {
    const { access_token } = await this.ask<{ access_token: string }>('POST', '/api/v1/auth/login', account)
    this.#token = access_token
  }

  /** Waits for a job; @returns its seconds and result */
  async job(id: string, at = '/api/v1/jobs/', headers: Record<string, string> = {}): Promise<Job> {
    for (;;) {
      const job = await this.ask<Job>('GET', `${at}${id}`, undefined, headers)
      if (job.status === 'failed') throw new Error(`job ${id}: ${job.error}`)
      if (job.status === 'succeeded') return job
      await pause(100)
    }
  }

  async sync(feeds: readonly string[]): Promise<void> {
    const headers = { 'x-internal-token': secret('CLOUD_INTERNAL_API_TOKEN') }
    const { job_id } = await this.ask<{ job_id: string }>('POST', '/internal/cve-feed/sync', { feeds }, headers)
    await this.job(job_id, '/internal/jobs/', headers)
  }

  /** Waits until the vulnerabilities no longer change; @returns how many there are */
  async matched(): Promise<number> {
    let last = -1
    for (;;) {
      const { total } = await this.ask<{ total: number }>('GET', '/api/v1/vulnerabilities/summary')
      if (total === last) return total
      last = total
      await pause(1500)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopProcess(this.#child)
  }
}

const account = { email: 'bench@example.com', password: 'a password for the benchmark 1' }
const rows: { step: string; seconds: string; note: string }[] = []

await using first = await BenchServer.start(path.join(data, 'nvd/yearly'))
const { tenant_id } = await first.ask<{ tenant_id: string }>('POST', '/api/v1/auth/register', {
  account_name: 'bench',
  tenant_name: 'Bench',
  name: 'Bench',
  ...account,
})
await licence(first, tenant_id)
await first.logIn()
await timed(`import ${count} assets from CSV`, async () => {
  const report = await first.ask<{ created: number; failed: number }>('POST', '/api/v1/assets/import', csv(), {
    'content-type': 'text/csv',
  })
  return `${report.created} created, ${report.failed} refused`
})
for (const [feed, name] of [
  ['kev', 'CISA KEV'],
  ['epss', 'EPSS'],
  ['exploitdb', 'Exploit-DB'],
] as const) {
  await timed(`read ${name}`, async () => {
    await first.sync([feed])
    return undefined
  })
}
await timed('read NVD, all years', async () => {
  await first.sync(['nvd'])
  const state = await first.ask<{ cves: number }>('GET', '/internal/cve-feed', undefined, {
    'x-internal-token': secret('CLOUD_INTERNAL_API_TOKEN'),
  })
  return `${state.cves} CVEs, peak ${first.peakMegabytes} MB resident, database ${megabytes()} MB`
})
await first.matched()
await timed(`match ${count} assets against everything`, async () => {
  const { job_id } = await first.ask<{ job_id: string }>('POST', '/api/v1/vulnerabilities/scan')
  return JSON.stringify((await first.job(job_id)).result)
})
await first[Symbol.asyncDispose]()

await using second = await BenchServer.start(modified)
await second.logIn()
await second.matched()
await timed('read one modified feed of 2,689 CVEs and match what it changed', async () => {
  await second.sync(['nvd'])
  return `${await second.matched()} vulnerabilities (the last 1.5 s wait for quiet)`
})
for (const { step, seconds, note } of rows)
  process.stdout.write(`${seconds.padStart(7)} s  ${step}${note && `: ${note}`}\n`)

async function timed(step: string, work: () => Promise<string | undefined>): Promise<void> {
  const started = performance.now()
  const note = (await work()) ?? ''
  rows.push({ step, note, seconds: ((performance.now() - started) / 1000).toFixed(1) })
  process.stderr.write(`${step}\n`)
}

function secret(name: string): string {
  const secrets = JSON.parse(readFileSync(path.join(folder, 'development-secrets.json'), 'utf8')) as Record<
    string,
    string
  >
  return secrets[name] ?? ''
}

async function licence(server: BenchServer, tenant: string): Promise<void> {
  const body = JSON.stringify({
    tenant_id: tenant,
    plan: 'bench',
    features: ['security'],
    expires_at: '2099-01-01T00:00:00Z',
  })
  const hex = createHmac('sha256', secret('CLOUD_WEBHOOK_HMAC_SECRET')).update(body).digest('hex')
  await server.ask('POST', '/internal/license/refresh', body, {
    'content-type': 'application/json',
    'x-hmac-signature': `sha256=${hex}`,
  })
}

/** Assets with the concrete OT names of the feeds, each name many times over. */
function csv(): string {
  const file = gunzipSync(readFileSync(path.join(data, 'cpe/ot_cpe_names_concrete.txt.gz'))).toString()
  const names = file.split('\n').filter(name => name.startsWith('cpe:2.3:'))
  const lines = Array.from({ length: count }, (_, i) => `a${i},asset ${i},plc,"${names[i % names.length]}"`)
  return `external_key,name,type,cpes\n${lines.join('\n')}\n`
}

function megabytes(): number {
  return Math.round(statSync(path.join(folder, 'monozu.db')).size / 1e6)
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
