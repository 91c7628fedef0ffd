import { migration } from '../../../../../db/migration.ts'

/** One row for each time that a run of the job began, and whether it came to its end. */
export default migration(schema => {
  schema.table('counted_runs', table => {
    table.sequence('id')
    table.string('mark', 64)
    table.integer('pid')
    table.boolean('ended').defaultTo(false)
  })
})
