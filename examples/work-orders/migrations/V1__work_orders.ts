import { migration } from '../../../db/migration.ts'

/** Work orders. The site has no foreign key: tables of other plugins are never referred to. */
export default migration(schema => {
  schema.tenantTable('work_orders', table => {
    table.string('title', 200)
    table.uuid('site_id').nullable()
    table.date('due_on')
    table.string('status', 20).defaultTo('open')
    table.boolean('overdue').defaultTo(false)
    table.revised()
    table.index(['tenant_id', 'status', 'due_on'])
  })
})
