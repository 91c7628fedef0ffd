/**
 * Our own server for the benchmarks: the kernel as production runs it, on an embedded database with the sample of one
 * tenant. Says `{"url": …, "token": …}` in one line on stdout.
 */
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { CallCore } from '../kernel/call.ts'
import { createKernel, type Kernel } from '../kernel/kernel.ts'
import { createLogger } from '../kernel/log/create-logger.ts'
import { letYoungGenerationGrow } from '../kernel/v8-flags.ts'
import { benchSettings, benchToken, makeBenchTenant } from './bench-tenant.ts'
import { sampleAsset, sampleSize } from './sample.ts'
import { serverOptions } from './server-process.ts'

const { port, file } = serverOptions()
const env = {
  ...benchSettings,
  DATA_DIR: dirname(file),
  FEED_SYNC: 'off',
  LOG_REQUESTS: process.env.LOG_REQUESTS ?? 'all',
  INGEST_REQUESTS_PER_MINUTE: '1000000',
}
const config = loadConfig(env)
const logging = createLogger(config, { write: () => undefined, flush: () => undefined, close: () => undefined })
const kernel = await createKernel({ config, env, logging, version: '0.0.0-bench' })
await kernel.start()
letYoungGenerationGrow()
await fill(kernel)

const server = createServer({ keepAliveTimeout: 245_000 }, kernel.app.callback())
server.listen(port, '127.0.0.1', async () => {
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`
  process.stdout.write(`${JSON.stringify({ url: `${url}/api/v1`, token: await benchToken(url) })}\n`)
})
process.once('SIGTERM', () => void kernel.stop().finally(() => process.exit(0)))

/** One active tenant with the sample's assets. */
async function fill(of: Kernel): Promise<void> {
  const { runtime } = of
  const db = new CallCore(runtime, { actor: { kind: 'service', id: 'bench' } }).platform.forTenant(
    await makeBenchTenant(of),
  )
  const sites = Array.from({ length: 40 }, (_, i) => ({ id: sampleAsset(i).site_id, name: `Site ${i}` }))
  const created_at = runtime.now().toISOString()
  await db.upsert(
    'sites',
    sites.map(site => ({ ...site, created_at, updated_at: created_at })),
    ['id'],
    [],
  )
  for (let start = 0; start < sampleSize; start += 1000) {
    const rows = Array.from({ length: 1000 }, (_, i) => sampleAsset(start + i))
    await db.upsert(
      'assets',
      rows.map(row => ({ ...row, cpes: JSON.stringify(row.cpes), source: 'import' })),
      ['id'],
      [],
    )
  }
}
