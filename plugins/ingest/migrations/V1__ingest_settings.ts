import { migration } from '../../../db/migration.ts'

/** What tenants decide about events, and the order in which those of one device are listed. */
export default migration(schema => {
  schema.addColumns('ingest_events', table => {
    table.index(['tenant_id', 'device_id', 'created_at', 'id'])
  })
  schema.tenantKeyedTable('ingest_settings', [], table => {
    table.integer('retention_days')
    table.time('updated_at')
  })
})
