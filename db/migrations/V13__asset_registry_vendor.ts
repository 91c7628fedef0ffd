import { migration } from '../migration.ts'

/** Vendors, and the vendor of an asset by name. */
export default migration(schema => {
  schema.tenantTable('vendors', table => {
    table.string('name', 200)
    table.string('website', 400).nullable()
    table.string('contact', 400).nullable()
    table.text('notes').nullable()
    table.revised()
    table.unique(['tenant_id', 'name'])
  })
  schema.addColumns('assets', table => {
    table.string('vendor', 200).nullable()
  })
})
