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
  for (const host of catalogue.hosts.filter(({ state }) => state === 'running')) {
    try {
      await fill(kernel, host, tenant_id)
    } catch (error) {
      host.log.error(error as Error, `the demo of plugin ${host.plugin.name} is not complete`)
    }
  }
  return demo
}

async function fill({ runtime }: Kernel, host: PluginHost, tenantId: string): Promise<void> {
  const core = new CallCore(runtime, { actor: { kind: 'service', id: 'demo' } })
  const { demo } = host.plugin
  await demo?.platform?.(host.platformContext(new PlatformWork(core, host)) as never)
  const call = host.ownCall(core, tenantId)
  if (call) await core.slot.run(tenantId, async () => demo?.tenant?.(host.tenantContext(call) as never))
}

const newPassword = (): string => randomBytes(15).toString('base64url')
