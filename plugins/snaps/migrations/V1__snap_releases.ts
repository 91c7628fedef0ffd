import { migration } from '../../../db/migration.ts'

/** When a version came into its channel: the last one that did is what the channel offers. */
export default migration(schema => {
  schema.addColumns('snaps', table => {
    table.time('released_at').defaultTo('1970-01-01T00:00:00.000Z')
    table.index(['name', 'channel', 'released_at'])
    table.index(['blob_key'])
  })
  schema.sql('UPDATE snaps SET released_at = created_at')
})
