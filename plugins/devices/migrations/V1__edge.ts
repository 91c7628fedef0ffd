import { migration } from '../../../db/migration.ts'

/** What the base tables of the edge lack: order and delivery of commands, the socket of a device, the site of a key. */
export default migration(schema => {
  schema.addColumns('edge_provisioning_keys', table => {
    table.uuid('site_id').nullable()
    table.index(['site_id'])
  })
  schema.addColumns('devices', table => {
    table.string('socket_id', 36).nullable()
    table.integer('last_command').defaultTo(0)
    table.index(['tenant_id', 'name', 'id'])
    table.index(['status', 'last_seen_at'], { where: 'revoked_at IS NULL' })
  })
  schema.addColumns('device_commands', table => {
    table.integer('position').defaultTo(0)
    table.string('socket_id', 36).nullable()
    table.time('resend_at').nullable()
    table.string('late_status', 20).nullable()
    table.time('late_at').nullable()
    table.index(['device_id', 'position'], { where: "status IN ('queued', 'sent')" })
    table.index(['tenant_id', 'device_id', 'created_at', 'id'])
  })
})
