import { migration } from '../migration.ts'

/** What a tenant's licence gives. */
export default migration(schema => {
  schema.tenantKeyedTable('tenant_features', ['feature'], table => {
    table.string('feature', 64)
    table.boolean('enabled')
    table.time('updated_at')
  })
})
