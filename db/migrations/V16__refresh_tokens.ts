import { migration } from '../migration.ts'

/** Refresh tokens as SHA-256. Rotation makes a family; using a rotated one ends the family. */
export default migration(schema => {
  schema.tenantTable('refresh_tokens', table => {
    table.uuid('user_id')
    table.uuid('family_id')
    table.string('token_hash', 64)
    table.time('expires_at')
    table.time('used_at').nullable()
    table.uuid('replaced_by').nullable()
    table.time('revoked_at').nullable()
    table.string('user_agent', 400).nullable()
    table.string('ip_address', 45).nullable()
    table.references('user_id', 'users', 'cascade')
    table.unique(['token_hash'])
    table.index(['user_id'])
    table.index(['family_id'])
    table.index(['expires_at'])
  })
})
