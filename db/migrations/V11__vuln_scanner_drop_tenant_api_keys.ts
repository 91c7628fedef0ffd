import { migration } from '../migration.ts'

/** Feeds are fetched once for the platform, so a tenant needs no key of its own. */
export default migration(schema => {
  schema.dropColumn('vuln_scanner_settings', 'nvd_api_key')
})
