import type { Database } from '../../db/database.ts'
import type { Log } from '../log/log.ts'
import { StartFault } from '../start-fault.ts'

/**
 * Looks whether the engine can keep tenants apart itself, before anything is written to it.
 * @throws StartFault in production when it cannot: an engine that only speaks T-SQL is for development and tests
 */
export async function requireRowSecurity(database: Database, production: boolean, log: Log): Promise<void> {
  if (!database.rowSecurity || (await database.rowSecurity())) return
  if (production) {
    throw new StartFault(
      'the database engine has no security policies, so it cannot keep tenants apart by itself. In production use ' +
        'Azure SQL or SQL Server 2016 or newer (DATABASE_URL, or SQL_SERVER and SQL_DATABASE).',
    )
  }
  log.warn('the database engine has no security policies: row-level security is left out, which production refuses')
}
