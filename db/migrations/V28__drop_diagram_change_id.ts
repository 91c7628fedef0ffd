import { migration } from '../migration.ts'

/** A diagram belongs to a site, never to a change. */
export default migration(schema => {
  schema.dropIndex('diagrams', ['change_id'])
  schema.dropColumn('diagrams', 'change_id')
})
