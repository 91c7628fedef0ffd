import { migration, type SchemaSteps, type TableSteps } from '../migration.ts'

/** What the kernel keeps for itself: revisions, job runs, the outbox, idempotency keys. */
export default migration(schema => {
  revisions(schema)
  jobRuns(schema)
  outbox(schema)
  idempotencyKeys(schema)
})

/** Numbers that rise with each change, so that every instance can tell whether what it holds is current. */
function revisions(schema: SchemaSteps): void {
  schema.table('revisions', table => {
    table.string('name', 64)
    table.bigint('value')
    table.primary(['name'])
  })
  schema.sql("INSERT INTO revisions (name, value) VALUES ('features', 1)")
  schema.sql("INSERT INTO revisions (name, value) VALUES ('access', 1)")
}

function jobRuns(schema: SchemaSteps): void {
  const columns = (table: TableSteps) => {
    table.string('plugin', 64)
    table.string('name', 100)
    table.string('status', 20).defaultTo('queued')
    table.json('data').defaultTo('{}')
    table.json('progress').nullable()
    table.json('result').nullable()
    table.text('error').nullable()
    table.integer('attempts').defaultTo(0)
    table.integer('max_attempts').defaultTo(1)
    table.time('run_after').nullable()
    table.string('created_by', 100).nullable()
    table.time('started_at').nullable()
    table.time('finished_at').nullable()
    table.time('heartbeat_at').nullable()
    table.index(['status', 'run_after'])
    table.index(['plugin', 'name', 'status'])
    table.index(['finished_at'])
  }
  schema.tenantTable('job_runs', columns, { platformRows: true })
}

/** Events, written in the transaction that caused them, and how far each plugin has heard them (`kernel/events`). */
function outbox(schema: SchemaSteps): void {
  schema.table('outbox', table => {
    table.sequence('id')
    table.uuid('event_id')
    table.tenant().nullable()
    table.string('event', 100)
    table.json('payload')
    table.time('created_at')
    table.bigint('batch').nullable()
    table.unique(['event_id'])
    table.index(['id'], { where: 'batch IS NULL' })
    table.index(['tenant_id', 'batch', 'id'])
  })
  schema.sql("INSERT INTO revisions (name, value) VALUES ('outbox', 0)")
  schema.table('outbox_subscriptions', table => {
    table.string('plugin', 64)
    table.string('event', 100)
    table.string('scope', 10)
    table.time('seen_at')
    table.primary(['plugin', 'event', 'scope'])
  })
  schema.table('outbox_lanes', table => {
    table.string('plugin', 64)
    table.uuid('lane')
    table.bigint('after_batch')
    table.bigint('after_id')
    table.bigint('wanted_batch')
    table.integer('attempts').defaultTo(0)
    table.integer('dead').defaultTo(0)
    table.text('error').nullable()
    table.time('due_at').nullable()
    table.string('claimed_by', 100).nullable()
    table.time('claimed_until').nullable()
    table.primary(['plugin', 'lane'])
    table.index(['plugin', 'due_at'], { where: 'due_at IS NOT NULL' })
    table.index(['lane'], { where: 'due_at IS NOT NULL' })
  })
}

/** Answers to POST requests, kept so that a repeat gets the same one. */
function idempotencyKeys(schema: SchemaSteps): void {
  schema.tenantKeyedTable('idempotency_keys', ['actor_id', 'idempotency_key', 'route_hash'], table => {
    table.string('actor_id', 64)
    table.string('idempotency_key', 255)
    table.string('route_hash', 64)
    table.string('request_hash', 64)
    table.integer('status').nullable()
    table.json('headers').nullable()
    table.json('response').nullable()
    table.time('created_at')
    table.time('expires_at')
    table.index(['expires_at'])
  })
}
