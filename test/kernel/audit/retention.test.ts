import test from 'ava'
import { deleteOldLines } from '../../../kernel/audit/retention.ts'
import { writeAudit } from '../../../kernel/audit/writer.ts'
import { newId } from '../../../kernel/data/id.ts'
import { TenantDb } from '../../../kernel/data/tenant-db.ts'
import { type Scene, scene } from '../events/scene.ts'

const DAY = 86_400_000
const { signal } = new AbortController()

async function write(s: Scene, tenant: 0 | 1, ids: readonly string[]): Promise<void> {
  const facts = { actor: { kind: 'service' as const, id: 'x' }, traceId: 't', now: s.now() }
  const entries = ids.map(resourceId => ({ action: 'a.b', resourceType: 'a', resourceId }))
  await writeAudit(new TenantDb(s.database, s.tenants[tenant], new Set()), entries, facts)
}

const left = async (s: Scene): Promise<string[]> => {
  const rows: { resource_id: string }[] = await s.db.table('audit_logs').select('resource_id').orderBy('resource_id')
  return rows.map(row => row.resource_id)
}

test('lines older than the retention go, of every tenant and of the platform', async t => {
  const s = await scene(t)
  await write(s, 0, ['old a'])
  await write(s, 1, ['old b'])
  const row = { actor_kind: 'service', action: 'a.b', resource_type: 'a', created_at: s.now() }
  await s.db.table('audit_logs').insert({ ...row, id: newId(), resource_id: 'old platform' })
  s.advance(365 * DAY)
  await write(s, 0, ['new a'])
  const steps: unknown[] = []
  const run = { days: 365, signal, progress: (step: unknown) => steps.push(step) }
  t.is(await deleteOldLines(s.db, { ...run, now: s.now() }), 0, 'on the day itself they stay')
  s.advance(1)
  t.is(await deleteOldLines(s.db, { ...run, now: s.now() }), 3)
  t.deepEqual(await left(s), ['new a'])
  t.deepEqual(steps.at(-1), { done: 4, total: 4 })
})

test('a long past goes in steps', async t => {
  const s = await scene(t)
  const ids = Array.from({ length: 2300 }, (_, n) => String(n))
  await write(s, 0, ids)
  s.advance(2 * DAY)
  t.is(await deleteOldLines(s.db, { now: s.now(), days: 1, signal, progress: () => undefined }), 2300)
  t.deepEqual(await left(s), [])
})

test('it ends when it is told to', async t => {
  const s = await scene(t)
  await write(s, 0, ['old'])
  s.advance(2 * DAY)
  const run = { now: s.now(), days: 1, signal: AbortSignal.abort(), progress: () => undefined }
  await t.throwsAsync(deleteOldLines(s.db, run), { name: 'AbortError' })
  t.deepEqual(await left(s), ['old'])
})
