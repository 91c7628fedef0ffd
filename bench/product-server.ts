import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { signWebhook } from '../kernel/tenancy/webhook-signature.ts'
import { benchAccount, benchSettings } from './bench-tenant.ts'
import { endWithThisProcess, type ServerProcess, stopProcess } from './server-process.ts'

const PATIENCE_MS = 30_000

/** Starts the server as production does, with its data in this folder, and waits until it is ready. */
export async function startProduct(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const port = await freePort()
  const child = spawn(process.execPath, [fileURLToPath(new URL('../kernel/start.js', import.meta.url))], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      ...benchSettings,
      DATA_DIR: folder,
      PORT: String(port),
      FEED_SYNC: 'off',
      LIMIT_SOCKETS_PER_TENANT: '0',
      LIMIT_SOCKETS_PER_ADDRESS: '0',
      LIMIT_REQUESTS_PER_TENANT: '0',
      LIMIT_REQUESTS_PER_ADDRESS: '0',
      ...settings,
    },
  })
  endWithThisProcess(child)
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + PATIENCE_MS
  while (!(await isReady(url))) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error('the server did not get ready')
    await sleep(50)
  }
  return { pid: child.pid ?? 0, url, stop: () => stopProcess(child) }
}

/** Registers the tenant of the benchmarks over HTTP, and gives it a licence as Management does. Returns its id. */
export async function newTenant(url: string, features: readonly string[] = []): Promise<string> {
  const { tenant_id } = await post(`${url}/api/v1/auth/register`, benchAccount)
  const expires_at = new Date(Date.now() + 86_400_000).toISOString()
  const licence = { tenant_id, plan: 'bench', features, expires_at }
  const signature = signWebhook(benchSettings.CLOUD_WEBHOOK_HMAC_SECRET, JSON.stringify(licence))
  await post(`${url}/internal/license/refresh`, licence, { 'x-hmac-signature': signature })
  return String(tenant_id)
}

async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Record<string, unknown>
}

/** True once a server answers that it is ready. */
export async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).status === 200
  } catch {
    return false
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (typeof address !== 'object' || address === null) throw new Error('there is no free port')
  return address.port
}
