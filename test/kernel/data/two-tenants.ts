import type { ExecutionContext } from 'ava'
import type { Database } from '../../../db/database.ts'
import { migrate } from '../../../db/migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS } from '../../../db/migration-files.ts'
import { newId } from '../../../kernel/data/id.ts'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import { TenantDb } from '../../../kernel/data/tenant-db.ts'
import { kernelDatabase } from '../../../kernel/testing/test-database.ts'

/** A migrated database with two tenants, each with two sites. */
export interface TwoTenants {
  readonly database: Database
  readonly platform: PlatformDb
  readonly a: TenantDb
  readonly b: TenantDb
  /** Names of a tenant's sites, sorted. */
  sites(db: TenantDb): Promise<string[]>
}

export const NOW = '2026-03-01T10:00:00.000Z'
const shared: ReadonlySet<string> = new Set(['cve_catalog'])

/** A row of `sites` without its tenant. */
export const site = (name: string, more: object = {}) => ({
  id: newId(),
  name,
  created_at: NOW,
  updated_at: NOW,
  ...more,
})

/** Makes one for a test; it goes with the test. */
export async function twoTenants(t: ExecutionContext): Promise<TwoTenants> {
  const database = await kernelDatabase()
  t.teardown(() => database.close())
  await migrate(database, { migrations: findMigrations(KERNEL_MIGRATIONS) })
  const ids = [newId(), newId()] as const
  for (const [index, id] of ids.entries()) {
    const name = 'ab'[index] as string
    await database
      .knex('tenants')
      .insert({ id, name, account_name: name, status: 'active', created_at: NOW, updated_at: NOW })
    await database.knex('sites').insert([1, 2].map(n => ({ ...site(`${name}${n}`), tenant_id: id })))
  }
  return {
    database,
    platform: new PlatformDb(database, shared),
    a: new TenantDb(database, ids[0], shared),
    b: new TenantDb(database, ids[1], shared),
    async sites(db) {
      const rows: { name: string }[] = await database.knex('sites').where({ tenant_id: db.tenantId }).orderBy('name')
      return rows.map(({ name }) => name)
    },
  }
}
