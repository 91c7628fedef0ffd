import { migration } from '../migration.ts'

/** Who made an asset is its producer. */
export default migration(schema => {
  schema.renameColumn('assets', 'vendor', 'producer')
})
