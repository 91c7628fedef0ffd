import { migration } from '../migration.ts'

/** The feed sync is the platform's, not a tenant's choice. */
export default migration(schema => {
  schema.dropColumn('vuln_scanner_settings', 'feed_sync_enabled')
})
