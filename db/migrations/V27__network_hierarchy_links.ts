import { migration } from '../migration.ts'

/** Site, zone, VLAN, asset: a VLAN is in a zone, an asset is in any number of VLANs. */
export default migration(schema => {
  schema.addColumns('vlans', table => {
    table.uuid('zone_id').nullable()
    table.references('zone_id', 'zones')
    table.index(['zone_id'])
  })
  schema.tenantKeyedTable('asset_vlans', ['asset_id', 'vlan_id'], table => {
    table.uuid('asset_id')
    table.uuid('vlan_id')
    table.time('created_at')
    table.references('asset_id', 'assets', 'cascade')
    table.references('vlan_id', 'vlans', 'cascade')
    table.index(['asset_id'])
    table.index(['vlan_id'])
  })
})
