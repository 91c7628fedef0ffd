import { registerTenant } from '../kernel/access/registration.ts'
import { CallCore, PlatformWork } from '../kernel/call.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { PluginHost } from '../kernel/plugins/host.ts'
import { storeLicence } from '../kernel/tenancy/licences.ts'

/** The account of the benchmarks, as it is registered. */
export const benchAccount = {
  account_name: 'bench',
  tenant_name: 'Bench',
  name: 'Bench',
  email: 'bench@example.com',
  password: 'a password for the benchmark 1',
} as const

/** Settings of a server of the benchmarks, which runs as in production. */
export const benchSettings = {
  NODE_ENV: 'production',
  SECRET_KEY: 'a-secret-of-the-benchmark-that-guards-nothing-at-all',
  CLOUD_WEBHOOK_HMAC_SECRET: 'webhook-secret-of-the-benchmark',
  CLOUD_INTERNAL_API_TOKEN: 'internal-token-of-the-benchmark',
  ALLOW_ORIGINS: 'http://localhost:3000',
} as const

/** Makes the one tenant of a benchmark, active, with its Admin. Returns its id. */
export async function makeBenchTenant({ runtime, access, tenancy, catalogue }: Kernel): Promise<string> {
  const core = new CallCore(runtime, { actor: { kind: 'service', id: 'bench' } })
  const { tenant_id } = await registerTenant(
    core.platform,
    benchAccount,
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

/** An access token of that Admin. @param url of the server */
export async function benchToken(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: benchAccount.email, password: benchAccount.password }),
  })
  const { access_token } = (await answer.json()) as { access_token: string }
  return access_token
}
