import { migration } from '../migration.ts'

/** Events that devices sent. A repeat of (device, event id) is stored once. */
export default migration(schema => {
  schema.tenantTable('ingest_events', table => {
    table.uuid('device_id')
    table.string('event_id', 100).nullable()
    table.string('kind', 40)
    table.time('timestamp')
    table.json('data')
    table.references('device_id', 'devices', 'cascade')
    table.unique(['device_id', 'event_id'], { whenPresent: 'event_id' })
    table.index(['tenant_id', 'kind', 'created_at'])
  })
})
