import { migration } from '../migration.ts'

/** Published snaps (global; a version never changes) and what each device has. */
export default migration(schema => {
  schema.table('snaps', table => {
    table.uuid('id')
    table.string('name', 100)
    table.string('version', 100)
    table.string('channel', 20)
    table.string('blob_key', 400)
    table.bigint('size_bytes')
    table.string('sha256', 64)
    table.string('sha3_384', 96)
    table.time('created_at')
    table.primary(['id'])
    table.unique(['name', 'version'])
    table.index(['name', 'channel', 'created_at'])
  })
  schema.tenantTable('device_snaps', table => {
    table.uuid('device_id')
    table.string('name', 100)
    table.string('version', 100).nullable()
    table.string('target_version', 100).nullable()
    table.string('status', 20)
    table.text('error').nullable()
    table.time('reported_at').nullable()
    table.time('updated_at')
    table.references('device_id', 'devices', 'cascade')
    table.unique(['device_id', 'name'])
  })
})
