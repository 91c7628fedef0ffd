import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { openSqlite } from '../../db/dialects/sqlite.ts'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'
import sites from '../sites/plugin.ts'
import assets from './plugin.ts'

const folder = await mkdtemp('/tmp/sa/db-')
await using t = await startTestKernel({
  plugins: [sites, assets] as never,
  env: { NODE_ENV: 'test' },
  kernel: { database: await openSqlite({ filename: folder + '/m.db' }) } as never,
})
const a = await t.as('a')
await a.post('/sites', { name: 'Plant' })
const N = Number(process.argv[2] ?? 10000)
const keyed = process.argv[3] !== 'nokey'
let csv = `${keyed ? 'external_key,' : ''}name,type,site,vendor,model,version,ip,cpes\n`
for (let i = 0; i < N; i++)
  csv += `${keyed ? `K-${i},` : ''}Controller ${i},PLC,Plant,Siemens,S7-1500,2.${i % 9}.1,10.${i >> 16}.${(i >> 8) & 255}.${i & 255},cpe:2.3:o:siemens:simatic_s7-1500_cpu_firmware:2.${i % 9}.1:*:*:*:*:*:*:* cpe:2.3:h:siemens:simatic_s7-1500_cpu:-:*:*:*:*:*:*:*\n`
const run = async (what: string, path: string) => {
  let worst = 0,
    last = performance.now()
  const timer = setInterval(() => {
    const n = performance.now()
    worst = Math.max(worst, n - last)
    last = n
  }, 1)
  const s = performance.now()
  const c = process.cpuUsage()
  const r = await a.request('POST', path, csv, { 'content-type': 'text/csv' })
  clearInterval(timer)
  const u = process.cpuUsage(c)
  const { rows, ...counts } = r.body
  console.log(
    what,
    r.status,
    JSON.stringify(counts).slice(0, 200),
    'rows',
    rows?.length,
    Math.round(performance.now() - s),
    'ms cpu',
    Math.round((u.user + u.system) / 1000),
    'worst block',
    Math.round(worst),
    'heap',
    Math.round(process.memoryUsage().heapUsed / 1e6),
    'rss',
    Math.round(process.memoryUsage().rss / 1e6),
  )
}
console.log('csv', csv.length)
await run('dry', '/assets/import?dry_run=true')
await run('first', '/assets/import')
await run('again', '/assets/import')
csv = csv.replaceAll('S7-1500,2', 'S7-1500,3')
await run('changed', '/assets/import')
let s = performance.now()
const e = await a.get('/assets/export')
console.log('export', e.text.length, Math.round(performance.now() - s))
csv = e.text
await run('roundtrip', '/assets/import')
s = performance.now()
for (let i = 0; i < 1000; i++) await a.post('/assets', { name: `x${i}`, type: 'plc' })
console.log('POST', (performance.now() - s) / 1000, 'ms')
s = performance.now()
for (let i = 0; i < 1000; i++) await a.get('/assets')
console.log('GET list', (performance.now() - s) / 1000, 'ms')
await rm(folder, { recursive: true })
