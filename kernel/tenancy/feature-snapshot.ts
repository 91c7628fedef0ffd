import type { TenantState } from '../access/principal.ts'

/** All tenants and what they may use, at one revision and one moment. Never changed: a change makes another one. */
export class FeatureSnapshot {
  readonly revision: number
  readonly byTenant: ReadonlyMap<string, TenantState>
  readonly #tenantsWith = new Map<string | undefined, readonly string[]>()

  constructor(revision: number, byTenant: ReadonlyMap<string, TenantState>) {
    this.revision = revision
    this.byTenant = byTenant
  }

  /** Ids of the tenants that may use a feature; undefined asks for those that may use anything at all. */
  tenantsWith(feature: string | undefined): readonly string[] {
    const known = this.#tenantsWith.get(feature)
    if (known) return known
    const ids: string[] = []
    for (const [id, state] of this.byTenant) {
      const { status } = state.tenant
      const open = status === 'active' || status === 'grace'
      if (open && (feature === undefined || state.features.has(feature))) ids.push(id)
    }
    this.#tenantsWith.set(feature, ids)
    return ids
  }
}
