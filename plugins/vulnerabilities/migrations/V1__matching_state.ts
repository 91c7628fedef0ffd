import { migration } from '../../../db/migration.ts'

/** What matching remembers, and what lists of vulnerabilities are ordered and counted by. */
export default migration(schema => {
  schema.addColumns('vulnerabilities', table => {
    table.string('criteria_hash', 24).defaultTo('')
    table.string('severity', 10).defaultTo('unknown')
    table.number('cvss_order').defaultTo(-1)
    table.number('epss_order').defaultTo(-1)
    table.index(['tenant_id', 'cvss_order', 'id'])
    table.index(['tenant_id', 'epss_order', 'id'])
    table.index(['tenant_id', 'status', 'severity', 'kev'])
    table.unique(['asset_id', 'tenant_id', 'cve_id'])
  })
  schema.dropIndex('vulnerabilities', ['asset_id', 'cve_id', 'tenant_id'])
  schema.tenantKeyedTable('vulnerability_state', [], table => {
    table.bigint('last_change')
    table.time('scanned_at')
    table.time('checked_at')
  })
  schema.tenantKeyedTable('vulnerability_pending', ['asset_id'], table => {
    table.uuid('asset_id')
    table.time('marked_at')
  })
  schema.tenantKeyedTable('vulnerability_alerts', ['cve_id'], table => {
    table.string('cve_id', 24)
    table.time('raised_at')
  })
})
