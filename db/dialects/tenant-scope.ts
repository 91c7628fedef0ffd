import type { Knex } from 'knex'
import { closed, closedParts } from './raw-sql.ts'

/** Whose rows a builder may touch. */
export interface TenantScope {
  readonly table: string
  readonly tenantId: unknown
  /** Tables that belong to no tenant: these alone are joined as they are. */
  readonly shared: ReadonlySet<string>
}

interface Statement {
  readonly grouping: string
  readonly value?: unknown
}
interface JoinOn {
  readonly type: string
  readonly bool: 'and' | 'or'
  readonly value?: (nested: Join) => void
}
interface Join extends Statement {
  readonly joinType: string
  readonly table: unknown
  readonly clauses: JoinOn[]
  on(left: string, operator: string, right: string): Join
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

/** Databases do not mind the case of a column's name. */
const TENANT_COLUMN = /(^|\.)tenant_id$/i

const scopes = new WeakMap<Knex.QueryBuilder, TenantScope>()
const sharedReads = new WeakMap<Knex.QueryBuilder, TenantScope>()

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

/** Lets a builder read a table that belongs to no tenant, and nothing else: no other table, no write. */
export function scopeToShared<B extends Knex.QueryBuilder>(builder: B, scope: TenantScope): B {
  sharedReads.set(builder, scope)
  const clone = builder.clone.bind(builder)
  builder.clone = () => scopeToShared(clone() as unknown as B, scope) as never
  return builder
}

/**
 * The builder to compile in place of `builder`: for a scoped one a copy whose own conditions stand in brackets
 * behind the tenant predicate, so that no `orWhere` or `clearWhere` can take it off, whose joins keep to the tenant, and
 * whose inserted rows carry it. Called by the Knex clients of both dialects each time a query is compiled.
 * @throws TenantEscape when a row or an update names another tenant, or when no predicate could hold the query; when a
 * table that belongs to no tenant is written to
 */
export function scopedQueryCompiler(builder: Knex.QueryBuilder): Knex.QueryBuilder {
  const read = sharedReads.get(builder)
  if (read) {
    refuseMoreThanReading(builder as unknown as BuilderInside, read)
    return builder
  }
  const scope = scopes.get(builder)
  if (!scope) return builder
  const copy = builder.clone()
  scopes.delete(copy)
  const inside = copy as unknown as BuilderInside
  refuseEscape(inside, scope.table)
  refuseOpenValues(inside, scope.table)
  inside._statements = closedParts(inside._statements, sql => refuseOpen(sql, scope.table))
  inside._statements = inside._statements.map(one => (one.grouping === 'join' ? scopedJoin(one as Join, scope) : one))
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
  if (_statements.some(({ grouping }) => grouping === 'with')) {
    throw new TenantEscape(`a query of ${table} must not bring its own tables with it`)
  }
  const columns = _statements.filter(({ grouping }) => grouping === 'columns').flatMap(({ value }) => value)
  if (columns.some(column => isOpenQuery(column) || (isAliased(column) && Object.values(column).some(isUnscoped)))) {
    throw new TenantEscape(`a query in the columns of ${table} must be made with table()`)
  }
  const written = [...Object.keys(_single.update ?? {}), ...Object.keys(_single.counter ?? {})]
  if (written.some(column => TENANT_COLUMN.test(column))) {
    throw new TenantEscape(`an update of ${table} must not set tenant_id`)
  }
}

/** Raw SQL is put between brackets; it must not close them. */
function refuseOpen(sql: string, table: string): never {
  throw new TenantEscape(`raw SQL in a query of ${table} must close what it opens, without comments: ${sql}`)
}

function refuseOpenValues({ _single }: BuilderInside, table: string): void {
  const rows = [_single.insert, _single.update, _single.counter].flat()
  for (const row of rows) {
    if (typeof row !== 'object' || row === null) continue
    for (const value of Object.values(row)) closed(value, sql => refuseOpen(sql, table))
  }
}

const READS = new Set([undefined, 'select', 'first', 'pluck', 'columnInfo'])

function refuseMoreThanReading(inside: BuilderInside, { table, tenantId, shared }: TenantScope): void {
  if (!READS.has(inside._method)) {
    throw new TenantEscape(
      `${table} belongs to no tenant, so a tenant's call only reads it; write to it in platform work`,
    )
  }
  refuseEscape(inside, table)
  for (const one of inside._statements) {
    if (one.grouping !== 'join') continue
    const join = one as Join
    const name = typeof join.table === 'string' ? /^\S+/.exec(join.table.trim())?.[0] : undefined
    const own = isQuery(join.table) && scopes.get(join.table)?.tenantId === tenantId
    if (join.joinType === 'raw' || (!own && !shared.has(name ?? ''))) {
      throw new TenantEscape(`only tables without a tenant, and what table() makes, can be joined to ${table}`)
    }
  }
}

/** A query inside a query that nothing keeps to the tenant. */
const isOpenQuery = (value: unknown): boolean => typeof value === 'function' || isUnscoped(value)

/** `{ name: column }`, as `select` takes it. */
const isAliased = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

const isUnscoped = (value: unknown): boolean => isQuery(value) && !scopes.has(value)

const isQuery = (value: unknown): value is Knex.QueryBuilder =>
  typeof value === 'object' && value !== null && '_statements' in value

/** The join with the tenant in its condition, unless what is joined belongs to no tenant. */
function scopedJoin(join: Join, { table, tenantId, shared }: TenantScope): Join {
  if (isQuery(join.table) && scopes.get(join.table)?.tenantId === tenantId) return join
  const joined = typeof join.table === 'string' ? /^(\S+)(?:\s+as\s+(\S+))?$/i.exec(join.table.trim()) : null
  if (join.joinType === 'raw' || !joined) {
    throw new TenantEscape(`only tables can be joined to ${table}, by name, and what table() makes`)
  }
  const [, name = '', alias = name] = joined
  if (shared.has(name)) return join
  if (join.clauses.length === 0 || join.clauses.some(({ type }) => type === 'onUsing')) {
    throw new TenantEscape(`the join of ${name} to ${table} must say on() what`)
  }
  const own = closedParts(join.clauses, sql => refuseOpen(sql, table))
  const copy: Join = Object.assign(Object.create(Object.getPrototypeOf(join)), join, { clauses: [] })
  copy.on(`${alias}.tenant_id`, '=', `${table}.tenant_id`)
  copy.clauses.push({ type: 'onWrapped', bool: 'and', value: nested => nested.clauses.push(...own) })
  return copy
}

function withTenant(inserted: unknown, scope: TenantScope): unknown {
  if (Array.isArray(inserted)) return inserted.map(row => withTenant(row, scope))
  if (typeof inserted !== 'object' || inserted === null || 'toSQL' in inserted) {
    throw new TenantEscape(`only rows can be inserted into ${scope.table}, no query`)
  }
  const row = inserted as Record<string, unknown>
  const named = row.tenant_id !== undefined && row.tenant_id !== scope.tenantId
  if (named || Object.keys(row).some(column => column !== 'tenant_id' && TENANT_COLUMN.test(column))) {
    throw new TenantEscape(`a row of ${scope.table} must not name another tenant`)
  }
  return { ...row, tenant_id: scope.tenantId }
}
