import { migration } from '../../../db/migration.ts'

/** The CPE names of assets, by product: who is affected by a changed CVE is one index look-up. */
export default migration(schema => {
  schema.tenantKeyedTable('asset_cpes', ['asset_id', 'position'], table => {
    table.uuid('asset_id')
    table.integer('position')
    table.string('cpe', 512)
    table.string('product_key', 400)
    table.references('asset_id', 'assets', 'cascade')
    table.index(['tenant_id', 'product_key', 'asset_id'])
  })
  schema.table('asset_imports', table => {
    table.uuid('id')
    table.tenant()
    table.text('content')
    table.time('created_at')
    table.primary(['id'])
  })
})
