import { migration } from '../../../db/migration.ts'

/** What people do with alerts, how often one has come again, and which events were heard. */
export default migration(schema => {
  schema.addColumns('security_alerts', table => {
    table.integer('occurrences').defaultTo(1)
    table.time('last_seen_at').defaultTo('2000-01-01T00:00:00.000Z')
    table.uuid('assignee_id').nullable()
    table.time('acknowledged_at').nullable()
    table.uuid('acknowledged_by').nullable()
    table.time('closed_at').nullable()
    table.uuid('closed_by').nullable()
    table.string('close_reason', 40).nullable()
    table.text('close_note').nullable()
    table.time('pushed_at').nullable()
    table.index(['tenant_id', 'last_seen_at', 'id'])
    table.index(['tenant_id', 'status', 'last_seen_at', 'id'])
    table.index(['tenant_id', 'status', 'severity'])
    table.index(['tenant_id', 'asset_id', 'last_seen_at'], { where: 'asset_id IS NOT NULL' })
    table.index(['tenant_id', 'device_id', 'last_seen_at'], { where: 'device_id IS NOT NULL' })
  })
  schema.sql('UPDATE security_alerts SET last_seen_at = occurred_at')
  schema.tenantKeyedTable('security_deliveries', ['delivery_id'], table => {
    table.uuid('delivery_id')
    table.time('heard_at')
    table.index(['heard_at'])
  })
})
