import { migration } from '../migration.ts'

/** Commands to devices, delivered at least once and in order for each device. */
export default migration(schema => {
  schema.tenantTable('device_commands', table => {
    table.uuid('device_id')
    table.string('command', 64)
    table.json('payload').defaultTo('{}')
    table.string('status', 20).defaultTo('queued')
    table.integer('attempts').defaultTo(0)
    table.json('result').nullable()
    table.text('error').nullable()
    table.time('expires_at')
    table.time('sent_at').nullable()
    table.time('finished_at').nullable()
    table.uuid('created_by').nullable()
    table.time('updated_at')
    table.references('device_id', 'devices', 'cascade')
    table.index(['device_id', 'status', 'created_at', 'id'])
    table.index(['expires_at'], { where: "status IN ('queued', 'sent')" })
  })
})
