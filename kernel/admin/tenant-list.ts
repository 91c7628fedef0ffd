import { z } from 'zod'
import type { PlatformCall, TenantStatus } from '../contract.ts'
import { contains, defineList, equals, type Filter, type ListPage } from '../data/list.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import { problem } from '../errors.ts'
import type { Features } from '../tenancy/features.ts'

const Status = z.enum(['pending', 'active', 'grace', 'expired', 'suspended'])

/** A tenant as operators of the platform see it: what it is and has, nothing of what is in it. */
export const AdminTenant = z
  .object({
    id: z.string(),
    account_name: z.string(),
    name: z.string(),
    status: Status,
    plan: z.string().nullable(),
    expires_at: z.string().nullable(),
    issued_at: z.string().nullable().describe('When Management issued the licence.'),
    features: z.array(z.string()).describe('What the licence gives while it is valid.'),
    license_changed_at: z.string().nullable(),
    license_asked_at: z.string().nullable().describe('When Management was asked for the licence last.'),
    users: z.int(),
    created_at: z.string(),
  })
  .meta({ id: 'AdminTenant' })

/** What `AdminTenant` shows. */
export type AdminTenant = z.output<typeof AdminTenant>

type Row = Omit<AdminTenant, 'status' | 'features' | 'users' | 'license_changed_at'> & {
  readonly status: string
  readonly updated_at: string | null
}

interface Moments {
  now(): Date
  /** How long grace lasts. */
  readonly graceDays: number
}

const DAY_MS = 86_400_000
const COLUMNS = [
  'tenants.id',
  'tenants.account_name',
  'tenants.name',
  'tenants.status',
  'tenants.created_at',
  'tenants.license_asked_at',
  'tenant_licenses.plan',
  'tenant_licenses.expires_at',
  'tenant_licenses.issued_at',
  'tenant_licenses.updated_at',
]

/** The same as `statusAt` (kernel/tenancy/tenant-facts.ts), for a moment and the end of grace then. */
const STATUS = `CASE
  WHEN tenants.status = 'suspended' THEN 'suspended'
  WHEN tenants.status <> 'active' OR tenant_licenses.expires_at IS NULL THEN 'pending'
  WHEN tenant_licenses.expires_at > ? THEN 'active'
  WHEN tenant_licenses.expires_at > ? THEN 'grace'
  ELSE 'expired' END = ?`

/** All tenants, for operators. */
export function tenantList(features: Features, { now, graceDays }: Moments) {
  const hasStatus: Filter<typeof Status> = {
    schema: Status,
    bind: status => [now(), new Date(now().getTime() - graceDays * DAY_MS), status],
    where: (query, values: [Date, Date, TenantStatus]) => {
      query.whereRaw(STATUS, values)
    },
  }
  const list = defineList({
    table: 'tenants',
    shared: true,
    key: 'tenants.id',
    columns: COLUMNS,
    sorts: { created_at: 'tenants.created_at', account_name: 'tenants.account_name' },
    defaultSort: '-created_at',
    refine: query => {
      query.leftJoin('tenant_licenses', 'tenant_licenses.tenant_id', 'tenants.id')
    },
    filters: {
      q: contains('tenants.name', 'tenants.account_name'),
      status: hasStatus,
      plan: equals('tenant_licenses.plan', z.string().min(1).max(100)),
    },
    item: (row: Row) => row,
  })

  async function complete(db: PlatformDb, rows: readonly Row[]): Promise<AdminTenant[]> {
    const ids = rows.map(({ id }) => id)
    const counted: { tenant_id: string; users: number }[] = await db
      .table('users')
      .whereIn('tenant_id', ids)
      .groupBy('tenant_id')
      .select('tenant_id')
      .count({ users: '*' })
    const given: { tenant_id: string; feature: string; enabled: unknown }[] = await db
      .table('tenant_features')
      .whereIn('tenant_id', ids)
      .select('tenant_id', 'feature', 'enabled')
    const users = new Map(counted.map(row => [row.tenant_id, Number(row.users)]))
    const on = Map.groupBy(
      given.filter(({ enabled }) => Boolean(enabled)),
      ({ tenant_id }) => tenant_id,
    )
    return rows.map(({ status, updated_at, ...row }) => ({
      ...row,
      status: features.statusOf(status, row.expires_at),
      license_changed_at: updated_at,
      features: (on.get(row.id) ?? []).map(({ feature }) => feature).sort(),
      users: users.get(row.id) ?? 0,
    }))
  }

  return {
    query: list.query,
    returns: list.returns(AdminTenant),
    async page(call: PlatformCall, query: z.output<typeof list.query>): Promise<ListPage<AdminTenant>> {
      const { items, ...page } = await list.page(call.db, query)
      return { ...page, items: await complete(call.db, items) }
    },
    /** @throws Problem `tenant_not_found` */
    async one({ db }: PlatformCall, id: string): Promise<AdminTenant> {
      const row: Row | undefined = await db
        .table('tenants')
        .leftJoin('tenant_licenses', 'tenant_licenses.tenant_id', 'tenants.id')
        .where('tenants.id', id)
        .first(...COLUMNS)
      const [tenant] = row ? await complete(db, [row]) : []
      if (!tenant) throw problem('tenant_not_found', `There is no tenant ${id} here.`)
      return tenant
    },
  }
}
