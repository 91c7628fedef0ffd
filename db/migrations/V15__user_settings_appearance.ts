import { migration } from '../migration.ts'

/** How the user interface looks to a user: theme, density, language. */
export default migration(schema => {
  schema.addColumns('user_settings', table => {
    table.json('appearance').nullable()
  })
})
