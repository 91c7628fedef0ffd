import { migration } from '../migration.ts'

/** Whether a tenant has finished the guided set-up of its OT network. */
export default migration(schema => {
  schema.addColumns('tenants', table => {
    table.boolean('onboarding_ot_completed').defaultTo(false)
  })
})
