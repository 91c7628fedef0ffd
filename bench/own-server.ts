/**
 * Our own server for the benchmarks: the kernel as production runs it, on an embedded database with the sample of one
 * tenant. Says `{"url": …, "token": …}` in one line on stdout.
 */
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { registerTenant } from '../kernel/access/registration.ts'
import { CallCore, PlatformWork } from '../kernel/call.ts'
import { createKernel, type Kernel } from '../kernel/kernel.ts'
import { createLogger } from '../kernel/log/create-logger.ts'
import type { PluginHost } from '../kernel/plugins/host.ts'
import { storeLicence } from '../kernel/tenancy/licences.ts'
import { letYoungGenerationGrow } from '../kernel/v8-flags.ts'
import { sampleAsset, sampleSize } from './sample.ts'
import { serverOptions } from './server-process.ts'

const PASSWORD = 'a password for the benchmark 1'
const EMAIL = 'bench@example.com'
const { port, file } = serverOptions()
const env = {
  NODE_ENV: 'production' as const,
  DATA_DIR: dirname(file),
  SECRET_KEY: 'a-secret-of-the-benchmark-that-guards-nothing-at-all',
  CLOUD_WEBHOOK_HMAC_SECRET: 'webhook-secret-of-the-benchmark',
  CLOUD_INTERNAL_API_TOKEN: 'internal-token-of-the-benchmark',
  ALLOW_ORIGINS: 'http://localhost:3000',
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
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}/api/v1`
  const answer = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  })
  const { access_token } = (await answer.json()) as { access_token: string }
  process.stdout.write(`${JSON.stringify({ url, token: access_token })}\n`)
})
process.once('SIGTERM', () => void kernel.stop().finally(() => process.exit(0)))

/** One active tenant with the sample's assets. */
async function fill({ runtime, access, tenancy, catalogue }: Kernel): Promise<void> {
  const core = new CallCore(runtime, { actor: { kind: 'service', id: 'bench' } })
  const { tenant_id } = await registerTenant(
    core.platform,
    { account_name: 'bench', tenant_name: 'Bench', name: 'Bench', email: EMAIL, password: PASSWORD },
    { passwords: access.passwords, features: tenancy.features },
    runtime.now(),
  )
  await storeLicence(new PlatformWork(core, catalogue.byName('licences') as PluginHost), tenancy.features, {
    tenant_id,
    plan: 'bench',
    features: [],
    expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  })
  const db = core.platform.forTenant(tenant_id)
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
