import test from 'ava'
import { type AuditFacts, writeAudit } from '../../../kernel/audit/writer.ts'
import { newId } from '../../../kernel/data/id.ts'
import { TenantDb } from '../../../kernel/data/tenant-db.ts'
import { scene } from '../events/scene.ts'

const factsOf = (now: Date, more: Partial<AuditFacts> = {}): AuditFacts => ({
  actor: { kind: 'user', id: newId() },
  address: '192.0.2.7',
  traceId: 'a'.repeat(32),
  now,
  ...more,
})

const entry = { action: 'asset.updated', resourceType: 'asset', resourceId: 'a1' }

test('a line says who did what to what, from where, under which trace', async t => {
  const { database, db, tenants, now } = await scene(t)
  const facts = factsOf(now())
  const change = { before: { name: 'a', type: 'plc' }, after: { name: 'b', type: 'plc' } }
  await writeAudit(new TenantDb(database, tenants[0], new Set()), [{ ...entry, ...change }], facts)
  const [row] = await db.table('audit_logs').select()
  t.like(row, {
    tenant_id: tenants[0],
    user_id: facts.actor.id,
    actor_kind: 'user',
    actor_id: facts.actor.id,
    action: 'asset.updated',
    resource_type: 'asset',
    resource_id: 'a1',
    before: '{"name":"a"}',
    after: '{"name":"b"}',
    ip_address: '192.0.2.7',
    trace_id: 'a'.repeat(32),
    created_at: '2026-03-01T10:00:00.000Z',
  })
})

test('an actor that is no user has no user_id', async t => {
  const { database, db, tenants, now } = await scene(t)
  const facts = factsOf(now(), { actor: { kind: 'service', id: 'assets' }, address: undefined })
  await writeAudit(new TenantDb(database, tenants[0], new Set()), [{ ...entry, resourceId: '' }], facts)
  const [row] = await db.table('audit_logs').select()
  t.like(row, { user_id: null, actor_kind: 'service', actor_id: 'assets', ip_address: null, resource_id: null })
})

test('many lines are written, in order', async t => {
  const { database, db, tenants, now } = await scene(t)
  const entries = Array.from({ length: 450 }, (_, n) => ({ ...entry, resourceId: String(n), after: { n } }))
  await writeAudit(new TenantDb(database, tenants[0], new Set()), entries, factsOf(now()))
  const rows: { resource_id: string }[] = await db.table('audit_logs').select('resource_id').orderBy('id')
  t.deepEqual(
    rows.map(row => Number(row.resource_id)),
    entries.map((_, n) => n),
  )
})

test('a line goes when the work is rolled back', async t => {
  const { database, db, tenants, now } = await scene(t)
  const own = new TenantDb(database, tenants[0], new Set())
  const work = own.transaction(async () => {
    await writeAudit(own, [entry], factsOf(now()))
    throw new Error('undo')
  })
  await t.throwsAsync(work, { message: 'undo' })
  t.deepEqual(await db.table('audit_logs').select(), [])
})
