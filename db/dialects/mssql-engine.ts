import type { Knex } from 'knex'

const PROBE =
  "SELECT CAST(SERVERPROPERTY('BabelfishVersion') AS nvarchar(100)) AS other_engine, " +
  "OBJECT_ID(N'sys.security_policies') AS policies"

/**
 * Whether the engine has security policies, by which it keeps tenants apart itself. SQL Server and Azure SQL have them
 * in every edition; others that speak T-SQL, such as Babelfish, do not, whatever their catalogue shows.
 */
export async function hasRowSecurity(knex: Knex): Promise<boolean> {
  const rows = (await knex.raw(PROBE)) as readonly { other_engine: string | null; policies: number | null }[]
  const [row] = rows
  return row !== undefined && row.other_engine === null && row.policies !== null
}

/** True for a batch that defines or changes row-level security, which such an engine cannot run. */
export const definesRowSecurity = (batch: string): boolean =>
  /\b(CREATE|ALTER|DROP) SECURITY POLICY\b|\bCREATE FUNCTION \[dbo\]\.\[fn_rls_tenant\]/i.test(batch)
