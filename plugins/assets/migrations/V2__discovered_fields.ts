import { migration } from '../../../db/migration.ts'

/** What discovery wrote into an asset, to tell it from what users wrote. */
export default migration(schema => {
  schema.addColumns('assets', table => {
    table.string('discovered_ip', 45).nullable()
    table.string('discovered_mac', 17).nullable()
    table.string('discovered_producer', 200).nullable()
  })
})
