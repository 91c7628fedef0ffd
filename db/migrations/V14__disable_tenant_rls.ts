import { migration } from '../migration.ts'
import { securityPredicates } from '../schema-recorder.ts'

/**
 * The row-level security policy, defined but off; V29 switches it on. SQLite has no such thing.
 * A row is visible when the session's tenant is the row's, or when the session is the platform's.
 */
export default migration(schema => {
  schema.sql({
    mssql: [
      `CREATE FUNCTION [dbo].[fn_rls_tenant](@tenant_id uniqueidentifier)
RETURNS TABLE
WITH SCHEMABINDING
AS
RETURN SELECT 1 AS [allowed]
WHERE @tenant_id = CAST(SESSION_CONTEXT(N'tenant_id') AS uniqueidentifier)
  OR CAST(SESSION_CONTEXT(N'platform') AS int) = 1`,
      `CREATE SECURITY POLICY [dbo].[rls_tenant]
  ${schema.tenantTables.flatMap(securityPredicates).join(',\n  ')}
WITH (STATE = OFF)`,
    ],
  })
})
