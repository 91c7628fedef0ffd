import { migration, type SchemaSteps } from '../migration.ts'

/** Second factors, sign-in elsewhere, invitations, API keys, mail, notifications, and the chain of the audit log. */
export default migration(schema => {
  people(schema)
  signIn(schema)
  tenants(schema)
  messages(schema)
  auditChain(schema)
  operators(schema)
})

function people(schema: SchemaSteps): void {
  schema.addColumns('users', table => {
    table.bigint('totp_last_step').nullable()
    table.time('email_verified_at').nullable()
    table.uuid('email_set_by').nullable()
    table.string('locale', 35).nullable()
    table.string('time_zone', 64).nullable()
  })
  schema.addColumns('user_settings', table => {
    table.json('notifications').nullable()
  })
  schema.tenantTable('recovery_codes', table => {
    table.uuid('user_id')
    table.string('code_hash', 64)
    table.time('used_at').nullable()
    table.references('user_id', 'users', 'cascade')
    table.index(['user_id'])
  })
  schema.tenantTable('user_identities', table => {
    table.uuid('user_id')
    table.string('issuer', 400)
    table.string('subject', 255)
    table.time('last_used_at')
    table.references('user_id', 'users', 'cascade')
    table.unique(['issuer', 'subject'])
    table.index(['user_id'])
  })
  schema.tenantTable('invitations', table => {
    table.string('email', 254)
    table.string('email_key', 254)
    table.string('name', 200).nullable()
    table.json('group_ids').defaultTo('[]')
    table.string('token_hash', 64)
    table.uuid('invited_by').nullable()
    table.time('expires_at')
    table.time('accepted_at').nullable()
    table.time('revoked_at').nullable()
    table.unique(['token_hash'])
    table.index(['tenant_id', 'email_key'])
  })
}

function signIn(schema: SchemaSteps): void {
  schema.addColumns('refresh_tokens', table => {
    table.string('methods', 60).defaultTo('pwd')
  })
  schema.tenantTable('one_time_tokens', table => {
    table.uuid('user_id')
    table.string('kind', 20)
    table.string('token_hash', 64)
    table.json('data').defaultTo('{}')
    table.integer('attempts').defaultTo(0)
    table.time('expires_at')
    table.time('used_at').nullable()
    table.references('user_id', 'users', 'cascade')
    table.unique(['token_hash'])
    table.index(['user_id', 'kind'])
    table.index(['expires_at'])
  })
  schema.table('used_sign_ins', table => {
    table.string('state_hash', 64)
    table.time('expires_at')
    table.primary(['state_hash'])
    table.index(['expires_at'])
  })
  schema.table('throttles', table => {
    table.string('name', 80)
    table.integer('failures')
    table.time('blocked_until').nullable()
    table.time('forget_at')
    table.primary(['name'])
    table.index(['forget_at'])
  })
  schema.tenantTable('api_keys', table => {
    table.string('name', 200)
    table.string('key_hash', 64)
    table.string('prefix', 16)
    table.json('permissions').defaultTo('[]')
    table.uuid('created_by').nullable()
    table.time('expires_at').nullable()
    table.time('last_used_at').nullable()
    table.string('last_used_ip', 45).nullable()
    table.time('revoked_at').nullable()
    table.revised()
    table.unique(['key_hash'])
  })
}

function tenants(schema: SchemaSteps): void {
  schema.tenantKeyedTable('tenant_settings', [], table => {
    table.string('auth_policy', 20).nullable()
    table.json('allowed_email_domains').defaultTo('[]')
    table.integer('audit_retention_days').nullable()
    table.integer('ingest_retention_days').nullable()
    table.revised()
  })
  schema.tenantTable('email_domains', table => {
    table.string('domain', 253)
    table.string('challenge', 64)
    table.time('checked_at').nullable()
    table.time('verified_at').nullable()
    table.unique(['tenant_id', 'domain'])
    table.unique(['domain'], { where: 'verified_at IS NOT NULL' })
  })
  schema.addColumns('tenants', table => {
    table.time('license_asked_at').nullable()
  })
}

function messages(schema: SchemaSteps): void {
  schema.tenantTable(
    'mail_messages',
    table => {
      table.string('recipient', 254)
      table.string('subject', 300)
      table.text('content').nullable()
      table.string('status', 20).defaultTo('queued')
      table.integer('attempts').defaultTo(0)
      table.text('error').nullable()
      table.time('due_at')
      table.time('sent_at').nullable()
      table.index(['status', 'due_at'])
      table.index(['recipient', 'created_at'])
    },
    { platformRows: true },
  )
  schema.tenantTable('notifications', table => {
    table.uuid('user_id')
    table.string('kind', 100)
    table.string('title', 300)
    table.text('body').nullable()
    table.string('path', 400).nullable()
    table.string('dedupe_key', 64).nullable()
    table.uuid('notice_id')
    table.boolean('mailed').defaultTo(false)
    table.time('read_at').nullable()
    table.references('user_id', 'users', 'cascade')
    table.unique(['notice_id', 'user_id'])
    table.unique(['user_id', 'dedupe_key'], { where: 'read_at IS NULL AND dedupe_key IS NOT NULL' })
    table.index(['tenant_id', 'user_id', 'created_at', 'id'])
    table.index(['tenant_id', 'user_id'], { where: 'read_at IS NULL' })
    table.index(['created_at'])
    table.index(['read_at'], { where: 'read_at IS NOT NULL' })
  })
}

/** Lines get their place in the chain of their tenant some time after they are written, so that writers never wait. */
function auditChain(schema: SchemaSteps): void {
  schema.addColumns('audit_logs', table => {
    table.bigint('sequence').nullable()
    table.string('hash', 64).nullable()
    table.index(['tenant_id', 'sequence'], { where: 'sequence IS NOT NULL' })
    table.index(['created_at', 'id'], { where: 'sequence IS NULL' })
    table.index(['tenant_id', 'actor_id', 'created_at'])
    table.index(['tenant_id', 'action', 'created_at'])
    table.index(['tenant_id', 'trace_id'])
  })
  schema.table('audit_chains', table => {
    table.string('chain', 36)
    table.bigint('first_sequence')
    table.string('before_first', 64)
    table.bigint('last_sequence')
    table.string('last_hash', 64)
    table.string('signature', 120)
    table.time('sealed_at')
    table.primary(['chain'])
  })
}

function operators(schema: SchemaSteps): void {
  schema.table('instances', table => {
    table.string('id', 36)
    table.string('host', 255)
    table.string('roles', 60)
    table.string('version', 40)
    table.json('plugins').defaultTo('[]')
    table.time('started_at')
    table.time('seen_at')
    table.primary(['id'])
  })
  schema.table('job_switches', table => {
    table.string('plugin', 64)
    table.string('name', 100)
    table.string('disabled_by', 100)
    table.time('disabled_at')
    table.primary(['plugin', 'name'])
  })
  schema.addColumns('job_runs', table => {
    table.index(['created_at', 'id'])
  })
}
