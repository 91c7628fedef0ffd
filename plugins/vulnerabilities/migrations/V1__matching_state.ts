import { migration } from '../../../db/migration.ts'

/**
 * Without statistics SQLite takes an asset for as large as a tenant, and walks all of a tenant's vulnerabilities in the
 * order of a list to find those of one asset. These are the proportions of a tenant with 2,000 assets: rows, then rows
 * for each value of the first column, of the first two, and so on.
 */
const statistics = [
  ['asset_id_tenant_id_cve_id', '1000000 50 50 1'],
  ['cve_id_tenant_id', '1000000 100 50'],
  ['tenant_id_created_at_id', '1000000 100000 200 1'],
  ['tenant_id_risk_id', '1000000 100000 200 1'],
  ['tenant_id_status_risk_id', '1000000 100000 50000 200 1'],
  ['tenant_id_cvss_order_id', '1000000 100000 1500 1'],
  ['tenant_id_epss_order_id', '1000000 100000 100 1'],
  ['tenant_id_status_severity_kev', '1000000 100000 50000 10000 5000'],
] as const

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
  schema.sql({
    sqlite: [
      'ANALYZE vulnerabilities',
      "DELETE FROM sqlite_stat1 WHERE tbl = 'vulnerabilities'",
      ...statistics.map(
        ([columns, counts]) =>
          `INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('vulnerabilities', 'vulnerabilities_${columns}_index', '${counts}')`,
      ),
    ],
  })
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
