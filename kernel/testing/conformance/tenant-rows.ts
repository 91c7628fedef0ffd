import type { TenantName, TestKernel } from '../test-kernel.ts'

type Row = Readonly<Record<string, unknown>>

/** Tables that the kernel writes by itself, whenever it likes. */
const restless = /^(job_runs|outbox.*|agenda_.*)$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What a tenant has in the database. */
export interface TenantRows {
  /** By table. */
  readonly rows: ReadonlyMap<string, readonly Row[]>
  /** Every UUID in them that the other tenant's rows do not hold: ids of its records, and its own. */
  readonly own: ReadonlySet<string>
}

/** Reads all rows of a tenant. */
export async function rowsOf(t: TestKernel, tenant: TenantName): Promise<TenantRows> {
  const rows = await read(t, tenant)
  const others = uuidsOf(await read(t, tenant === 'a' ? 'b' : 'a'))
  return { rows, own: new Set([...uuidsOf(rows)].filter(id => !others.has(id))) }
}

/** What a tenant has, to compare with later. */
export async function snapshotOf(t: TestKernel, tenant: TenantName): Promise<Record<string, string[]>> {
  const rows = [...(await read(t, tenant))].filter(([table]) => !restless.test(table))
  return Object.fromEntries(rows.map(([table, all]) => [table, all.map(row => JSON.stringify(still(row))).sort()]))
}

/** A line of the audit log gets its place in the chain whenever the sealer comes by. */
const still = ({ sequence: _sequence, hash: _hash, ...row }: Row): Row => row

const TENANT_TABLES = {
  sqlite:
    "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'tenant_id'",
  mssql: "SELECT t.name FROM sys.tables t JOIN sys.columns c ON c.object_id = t.object_id WHERE c.name = 'tenant_id'",
} as const

async function read(t: TestKernel, tenant: TenantName): Promise<Map<string, readonly Row[]>> {
  const { dialect, knex } = t.kernel.runtime.database
  const tables: { name: string }[] = await knex.raw(TENANT_TABLES[dialect.name])
  const rows = new Map<string, readonly Row[]>()
  for (const { name } of tables) rows.set(name, await knex(name).where({ tenant_id: t.tenantId(tenant) }))
  return rows
}

const uuidsOf = (rows: ReadonlyMap<string, readonly Row[]>): Set<string> =>
  new Set(
    [...rows.values()]
      .flat()
      .flatMap(row => Object.values(row).filter(value => typeof value === 'string'))
      .filter(value => UUID.test(value)),
  )
