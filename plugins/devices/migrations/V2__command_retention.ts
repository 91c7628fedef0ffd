import { migration } from '../../../db/migration.ts'

/** Commands that have ended are found by when. */
export default migration(schema => {
  schema.addColumns('device_commands', table => {
    table.index(['finished_at'], { where: 'finished_at IS NOT NULL' })
  })
})
