import type { Knex } from 'knex'

/** Whose rows a builder may touch. */
export interface TenantScope {
  readonly table: string
  readonly tenantId: unknown
}

interface Statement {
  readonly grouping: string
}
interface BuilderInside {
  _statements: Statement[]
  _single: { insert?: unknown; update?: Record<string, unknown> }
  _method?: string
}

const scopes = new WeakMap<Knex.QueryBuilder, TenantScope>()

/** Thrown when a query tries to leave its tenant. */
export class TenantEscape extends Error {
  override readonly name = 'TenantEscape'
}

/** Binds a builder to a tenant: every statement compiled from it, or from a clone, carries the predicate. */
export function scopeToTenant<B extends Knex.QueryBuilder>(builder: B, scope: TenantScope): B {
  scopes.set(builder, scope)
  const clone = builder.clone.bind(builder)
  builder.clone = () => scopeToTenant(clone() as unknown as B, scope) as never
  return builder
}

/**
 * The builder to compile in place of `builder`: for a scoped one a copy whose own conditions stand in brackets
 * behind the tenant predicate, so that no `orWhere` or `clearWhere` can take it off, and whose inserted rows carry
 * the tenant. Called by the Knex clients of both dialects each time a query is compiled.
 * @throws TenantEscape when a row or an update names another tenant.
 */
export function scopedQueryCompiler(builder: Knex.QueryBuilder): Knex.QueryBuilder {
  const scope = scopes.get(builder)
  if (!scope) return builder
  const copy = builder.clone()
  scopes.delete(copy)
  const inside = copy as unknown as BuilderInside
  if (inside._method === 'insert') {
    inside._single = { ...inside._single, insert: withTenant(inside._single.insert, scope) }
    return copy
  }
  if (inside._single.update && 'tenant_id' in inside._single.update) {
    throw new TenantEscape(`an update of ${scope.table} must not set tenant_id`)
  }
  const conditions = inside._statements.filter(statement => statement.grouping === 'where')
  inside._statements = inside._statements.filter(statement => statement.grouping !== 'where')
  copy.where(`${scope.table}.tenant_id`, scope.tenantId as Knex.Value)
  if (conditions.length > 0) {
    copy.where(nested => {
      const own = nested as unknown as BuilderInside
      own._statements.push(...conditions)
    })
  }
  return copy
}

function withTenant(inserted: unknown, scope: TenantScope): unknown {
  if (Array.isArray(inserted)) return inserted.map(row => withTenant(row, scope))
  const row = inserted as Record<string, unknown>
  if (row.tenant_id !== undefined && row.tenant_id !== scope.tenantId) {
    throw new TenantEscape(`a row of ${scope.table} must not name another tenant`)
  }
  return { ...row, tenant_id: scope.tenantId }
}
