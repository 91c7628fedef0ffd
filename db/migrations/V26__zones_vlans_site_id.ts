import { migration } from '../migration.ts'

/** Where a zone or a VLAN is. */
export default migration(schema => {
  for (const name of ['zones', 'vlans']) {
    schema.addColumns(name, table => {
      table.uuid('site_id').nullable()
      table.references('site_id', 'sites')
      table.index(['site_id'])
    })
  }
})
