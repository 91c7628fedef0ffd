import { migration } from '../migration.ts'

/** CVSS scores of CVEs from any source, for look-ups that need nothing else. */
export default migration(schema => {
  schema.table('cve_scores_cache', table => {
    table.string('cve_id', 24)
    table.number('cvss_score').nullable()
    table.string('cvss_version', 4).nullable()
    table.string('cvss_vector', 200).nullable()
    table.string('severity', 10).nullable()
    table.string('source', 200).nullable()
    table.time('updated_at')
    table.primary(['cve_id'])
  })
})
