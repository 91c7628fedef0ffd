import { randomBytes } from 'node:crypto'
import { registerTenant } from './access/registration.ts'
import { CallCore, PlatformWork } from './call.ts'
import type { Kernel } from './kernel.ts'
import type { PluginHost } from './plugins/host.ts'
import { storeLicence } from './tenancy/licences.ts'

const YEAR_MS = 365 * 86_400_000

/** How to sign in to the demo tenant. The password is stored as a hash only. */
export interface Demo {
  readonly accountName: string
  readonly email: string
  readonly password: string
}

/**
 * Fills an empty database with a tenant, a licence for every feature that a plugin here has, and what the plugins bring
 * along to look at. A database that has a tenant is left alone.
 * @returns undefined when nothing was made
 */
export async function makeDemo(kernel: Kernel): Promise<Demo | undefined> {
  const { runtime, tenancy, access, catalogue } = kernel
  const licences = catalogue.byName('licences') as PluginHost
  const core = new CallCore(runtime, { actor: { kind: 'service', id: 'demo' } })
  if (await core.platform.table('tenants').first('id')) return undefined

  const demo = { accountName: 'demo-industries', email: 'demo@demo-industries.example', password: newPassword() }
  const { tenant_id } = await registerTenant(
    core.platform,
    {
      account_name: demo.accountName,
      tenant_name: 'Demo Industries',
      name: 'Demo Admin',
      email: demo.email,
      password: demo.password,
    },
    { passwords: access.passwords, features: tenancy.features },
    runtime.now(),
  )
  await storeLicence(new PlatformWork(core, licences), tenancy.features, {
    tenant_id,
    plan: 'demo',
    features: [...new Set(catalogue.plugins.flatMap(({ feature }) => feature ?? []))],
    expires_at: new Date(runtime.now().getTime() + YEAR_MS).toISOString(),
  })
  await catalogue.reconcile()
  for (const host of catalogue.hosts) await fillPlatform(kernel, host)
  await core.slot.run(tenant_id, async () => {
    for (const host of catalogue.hosts) await fillTenant(core, host, tenant_id)
  })
  return demo
}

async function fillPlatform({ runtime }: Kernel, host: PluginHost): Promise<void> {
  if (host.state !== 'running' || !host.plugin.demo?.platform) return
  const core = new CallCore(runtime, { actor: { kind: 'service', id: 'demo' } })
  await host.plugin.demo.platform(host.platformContext(new PlatformWork(core, host)) as never)
}

async function fillTenant(core: CallCore, host: PluginHost, tenantId: string): Promise<void> {
  const call = host.state === 'running' ? host.ownCall(core, tenantId) : undefined
  if (call && host.plugin.demo?.tenant) await host.plugin.demo.tenant(host.tenantContext(call) as never)
}

const newPassword = (): string => randomBytes(15).toString('base64url')
