import { migration } from '../migration.ts'
import { securityPredicates } from '../schema-recorder.ts'

/**
 * Row-level security on, over every tenant table there is; later ones join the policy when they are made.
 * SQLite has no such thing.
 */
export default migration(schema => {
  schema.sql({
    mssql: [
      'DROP SECURITY POLICY [dbo].[rls_tenant]',
      `CREATE SECURITY POLICY [dbo].[rls_tenant]
  ${schema.tenantTables.flatMap(securityPredicates).join(',\n  ')}
WITH (STATE = ON)`,
    ],
  })
})
