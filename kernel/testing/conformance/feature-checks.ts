import type { ExecutionContext } from 'ava'
import type { TenantName, TestKernel } from '../test-kernel.ts'
import { emptyParams, fillPath } from './address.ts'
import { descriptorOf, type Subject, signatureOf, type TenantRoute, tenantRoutesOf } from './subject.ts'

/** Switching a plugin's feature off closes its routes, for that tenant and at once; on again opens them. */
export function featureChecks({ test, name, switched }: Subject): void {
  test.serial(`${name}: its routes are open exactly while its feature is on`, async t => {
    const kernel = await switched()
    const routes = tenantRoutesOf(kernel, name)
    const { feature } = descriptorOf(kernel, name)
    const others = kernel.features.filter(key => key !== feature)
    const state = (): string | undefined => kernel.kernel.catalogue.byName(name)?.state
    const expect = (tenant: TenantName, on: boolean): Promise<void> => expectRoutes(t, kernel, routes, tenant, on)

    await expect('a', true)
    await kernel.licence('a', feature === undefined ? [] : others)
    await expect('a', feature === undefined)
    await expect('b', true)
    t.is(state(), 'running')
    if (feature === undefined) {
      await kernel.licence('a', kernel.features)
      return
    }

    await kernel.licence('b', others)
    t.is(state(), 'stopped', 'no tenant has the feature')
    await expect('a', false)
    await expect('b', false)

    await kernel.licence('a', kernel.features)
    t.is(state(), 'running')
    await expect('a', true)
    await expect('b', false)
    await kernel.licence('b', kernel.features)
  })
}

async function expectRoutes(
  t: ExecutionContext,
  kernel: TestKernel,
  routes: readonly TenantRoute[],
  tenant: TenantName,
  on: boolean,
): Promise<void> {
  const user = await kernel.as(tenant)
  for (const route of routes) {
    const { status, body } = await user.request(route.method, fillPath(route, emptyParams(route)))
    const about = `${signatureOf(route)} for tenant ${tenant}`
    if (on) {
      t.false(status === 503 || ['feature_disabled', 'method_not_allowed'].includes(body?.error), `${about} is closed`)
    } else t.deepEqual([status, body?.error], [403, 'feature_disabled'], about)
  }
}
