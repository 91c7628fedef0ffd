import type { CallCore } from '../call.ts'
import type { Features } from '../tenancy/features.ts'
import type { Catalogue } from './catalogue.ts'

/**
 * Lets the plugins of these features do what they want to do when they go on for a tenant (`whenOn` of a job). What was
 * off for every tenant until now is started first.
 * @throws Error when one of them does not run; the others have begun then, and beginning twice does no harm
 */
export async function beginFeatures(
  { core, tenantId, features }: { core: CallCore; tenantId: string; features: readonly string[] },
  catalogue: Catalogue,
  state: Features,
): Promise<void> {
  await state.refresh()
  await catalogue.reconcile()
  const faults: unknown[] = []
  for (const host of catalogue.hosts.filter(({ plugin }) => features.includes(plugin.feature ?? ''))) {
    await host.begin(core, tenantId).catch((fault: unknown) => faults.push(fault))
  }
  if (faults.length > 0) throw faults[0]
}
