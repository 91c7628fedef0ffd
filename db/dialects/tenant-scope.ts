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
  _single: {
    table?: unknown
    insert?: unknown
    update?: Record<string, unknown>
    counter?: Record<string, unknown>
    onConflict?: unknown
    ignore?: unknown
  }
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
 * @throws TenantEscape when a row or an update names another tenant, or when no predicate could hold the query.
 */
export function scopedQueryCompiler(builder: Knex.QueryBuilder): Knex.QueryBuilder {
  const scope = scopes.get(builder)
  if (!scope) return builder
  const copy = builder.clone()
  scopes.delete(copy)
  const inside = copy as unknown as BuilderInside
  refuseEscape(inside, scope.table)
  if (inside._method === 'insert') {
    inside._single = { ...inside._single, insert: withTenant(inside._single.insert, scope) }
    return copy
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

/** What would leave the tenant in spite of the predicate. */
function refuseEscape({ _statements, _single, _method }: BuilderInside, table: string): void {
  if (_single.table !== table) throw new TenantEscape(`a query of ${table} must not turn to another table`)
  if (_method === 'truncate') throw new TenantEscape(`${table} must not be truncated; delete() is kept to the tenant`)
  if (_single.onConflict !== undefined || _single.ignore) {
    throw new TenantEscape(`onConflict may meet rows of ${table} that are another tenant's; use upsert()`)
  }
  if (_statements.some(({ grouping }) => grouping === 'union')) {
    throw new TenantEscape(`a query of ${table} must not be united with another one`)
  }
  const written = [...Object.keys(_single.update ?? {}), ...Object.keys(_single.counter ?? {})]
  if (written.some(column => /(^|\.)tenant_id$/i.test(column))) {
    throw new TenantEscape(`an update of ${table} must not set tenant_id`)
  }
}

function withTenant(inserted: unknown, scope: TenantScope): unknown {
  if (Array.isArray(inserted)) return inserted.map(row => withTenant(row, scope))
  if (typeof inserted !== 'object' || inserted === null || 'toSQL' in inserted) {
    throw new TenantEscape(`only rows can be inserted into ${scope.table}, no query`)
  }
  const row = inserted as Record<string, unknown>
  if (row.tenant_id !== undefined && row.tenant_id !== scope.tenantId) {
    throw new TenantEscape(`a row of ${scope.table} must not name another tenant`)
  }
  return { ...row, tenant_id: scope.tenantId }
}
