/**
 * Our server for `sockets.ts`: the kernel with one channel, as production runs it. Says `{"url": …, "token": …}` in one line
 * on stdout.
 */
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { z } from 'zod'
import { loadConfig } from '../config/load.ts'
import { registerTenant } from '../kernel/access/registration.ts'
import { CallCore, PlatformWork } from '../kernel/call.ts'
import { type AnyPlugin, definePlugin } from '../kernel/contract.ts'
import { createKernel } from '../kernel/kernel.ts'
import { createLogger } from '../kernel/log/create-logger.ts'
import type { PluginHost } from '../kernel/plugins/host.ts'
import { storeLicence } from '../kernel/tenancy/licences.ts'
import { letYoungGenerationGrow } from '../kernel/v8-flags.ts'
import { isUpgrade } from '../kernel/ws/open-channel.ts'
import { serverOptions } from './server-process.ts'
import { control } from './sockets-controls.ts'

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
  LIMIT_SOCKETS_PER_TENANT: '0',
  LIMIT_SOCKETS_PER_ADDRESS: '0',
}
const plugin = definePlugin({
  name: 'bench',
  version: '1.0.0',
  title: 'Bench',
  segments: ['bench'],
  permissions: { 'bench:read': 'Listen' },
  setup(kit) {
    kit.channel('bench', {
      summary: 'What is said',
      permission: 'bench:read',
      send: { said: z.object({ text: z.string() }) },
    })
  },
}) as unknown as AnyPlugin
const config = loadConfig(env)
const logging = createLogger(config, { write: () => undefined, flush: () => undefined, close: () => undefined })
const kernel = await createKernel({
  config,
  env,
  logging,
  version: '0.0.0-bench',
  plugins: [plugin],
  // The clients here count bytes and answer no pings.
  socketLimits: { pingMs: 3_600_000 },
})
await kernel.start()
letYoungGenerationGrow()
const tenantId = await fill()

const serve = kernel.app.callback()
const server = createServer({ shouldUpgradeCallback: isUpgrade }, (request, response) => {
  if (!control(request, response, publish)) void serve(request, response)
})
server.on('upgrade', kernel.upgrade)
server.listen(port, '127.0.0.1', async () => {
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  })
  const { access_token } = (await answer.json()) as { access_token: string }
  process.stdout.write(`${JSON.stringify({ url, token: access_token })}\n`)
})
process.once('SIGTERM', () => void kernel.stop().finally(() => process.exit(0)))

function publish(text: string): void {
  kernel.runtime.sockets.publish(tenantId, { channel: 'bench', type: 'said', data: { text } })
}

async function fill(): Promise<string> {
  const { runtime, access, tenancy, catalogue } = kernel
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
  return tenant_id
}
