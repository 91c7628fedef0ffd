import type { TenantState } from '../access/principal.ts'
import { type Problem, problem } from '../errors.ts'

/**
 * Why a tenant may not use something, or undefined when it may. Stands before every route, socket, job and event.
 * @param feature key of the licensed feature; undefined for what every tenant with a licence has
 * @param state undefined when the tenant is not in the snapshot: it was registered a moment ago, elsewhere
 */
export function gate(feature: string | undefined, state: TenantState | undefined): Problem | undefined {
  if (state === undefined) return problem('tenant_pending')
  switch (state.tenant.status) {
    case 'active':
    case 'grace':
      if (feature === undefined || state.features.has(feature)) return undefined
      return problem('feature_disabled', `The licence does not include "${feature}" at this time.`)
    case 'pending':
      return problem('tenant_pending')
    case 'expired':
      return problem('license_expired')
    case 'suspended':
      return problem('tenant_suspended')
  }
}
