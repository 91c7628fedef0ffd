import test from 'ava'
import { AuditFilter, AuditListQuery, AuditLog } from '../../../kernel/audit/audit-log.ts'
import { csvOf, jsonArrayOf } from '../../../kernel/audit/export.ts'
import { type NamedAuditEntry, writeAudit } from '../../../kernel/audit/writer.ts'
import { newId } from '../../../kernel/data/id.ts'
import { TenantDb } from '../../../kernel/data/tenant-db.ts'
import { type Scene, scene } from '../events/scene.ts'

const user = newId()

async function write(s: Scene, tenant: 0 | 1, entries: readonly NamedAuditEntry[], actor = user): Promise<void> {
  const facts = { actor: { kind: 'user' as const, id: actor }, address: '192.0.2.7', traceId: 't', now: s.now() }
  await writeAudit(new TenantDb(s.database, s.tenants[tenant], new Set()), entries, facts)
}

const line = (resourceId: string, more: Partial<NamedAuditEntry> = {}): NamedAuditEntry => ({
  action: 'asset.updated',
  resourceType: 'asset',
  resourceId,
  ...more,
})

const logOf = (s: Scene, tenant: 0 | 1 = 0) =>
  new AuditLog({ db: new TenantDb(s.database, s.tenants[tenant], new Set()) })

async function text(parts: AsyncIterable<string>): Promise<string> {
  let whole = ''
  for await (const part of parts) whole += part
  return whole
}

test('the list shows the newest first, a page at a time, of the own tenant only', async t => {
  const s = await scene(t)
  for (const id of ['1', '2', '3']) {
    await write(s, 0, [line(id, { after: { id } })])
    s.advance(1000)
  }
  await write(s, 1, [line('other')])
  const first = await logOf(s).page(AuditListQuery.parse({ limit: '2' }), s.now())
  t.deepEqual(
    first.items.map(item => [item.resource_id, item.before, item.after]),
    [
      ['3', null, { id: '3' }],
      ['2', null, { id: '2' }],
    ],
  )
  const second = await logOf(s).page(AuditListQuery.parse({ limit: '2', cursor: first.next_cursor }), s.now())
  t.deepEqual(
    second.items.map(item => item.resource_id),
    ['1'],
  )
  t.is(second.next_cursor, null)
})

test('the list can be narrowed by user, action, resource and time', async t => {
  const s = await scene(t)
  const somebody = newId()
  await write(s, 0, [line('1'), line('2', { action: 'asset.deleted' })])
  s.advance(3_600_000)
  await write(s, 0, [line('3', { resourceType: 'site' })])
  await write(s, 0, [line('4')], somebody)
  const found = async (query: Record<string, string>) => {
    const { items } = await logOf(s).page(AuditListQuery.parse(query), s.now())
    return items.map(item => item.resource_id).sort()
  }
  t.deepEqual(await found({ user_id: somebody }), ['4'])
  t.deepEqual(await found({ action: 'asset.deleted' }), ['2'])
  t.deepEqual(await found({ resource_type: 'site' }), ['3'])
  t.deepEqual(await found({ resource_type: 'asset', resource_id: '1' }), ['1'])
  t.deepEqual(await found({ from: '2026-03-01T11:00:00Z' }), ['3', '4'])
  t.deepEqual(await found({ to: '2026-03-01T12:00:00+01:00' }), ['1', '2'])
  t.deepEqual(await found({ from: '2026-03-02' }), [])
  t.throws(() => AuditListQuery.parse({ from: 'yesterday' }))
  t.throws(() => AuditListQuery.parse({ user: 'x' }))
})

test('an export holds every line, over all pages', async t => {
  const s = await scene(t)
  const entries = Array.from({ length: 1203 }, (_, n) => line(String(n)))
  await write(s, 0, entries)
  await write(s, 1, [line('other')])
  const filter = AuditFilter.parse({})
  const rows = JSON.parse(await text(jsonArrayOf(logOf(s).pages(filter))))
  t.deepEqual(
    rows.map((row: { resource_id: string }) => Number(row.resource_id)).sort((a: number, b: number) => a - b),
    entries.map((_, n) => n),
  )
  const csv = await text(csvOf(logOf(s).pages(filter)))
  t.is(csv.split('\r\n').length, 1203 + 2)
})

test('an export without lines is a header, or an empty array', async t => {
  const s = await scene(t)
  const filter = AuditFilter.parse({ action: 'none' })
  t.is(
    await text(csvOf(logOf(s).pages(filter))),
    'id,user_id,actor_kind,actor_id,action,resource_type,resource_id,before,after,ip_address,trace_id,created_at,sequence,hash\r\n',
  )
  t.deepEqual(JSON.parse(await text(jsonArrayOf(logOf(s).pages(filter)))), [])
})

test('the CSV runs no formula in a spreadsheet and keeps JSON in one cell', async t => {
  const s = await scene(t)
  await write(s, 0, [line('=HYPERLINK("http://x","y")', { after: { name: 'a, "b"\nc' } })])
  const csv = await text(csvOf(logOf(s).pages(AuditFilter.parse({}))))
  t.true(csv.includes(`"'=HYPERLINK(""http://x"",""y"")"`))
  t.true(csv.includes(`"{""name"":""a, \\""b\\""\\nc""}"`))
  t.true(csv.endsWith(',192.0.2.7,t,2026-03-01T10:00:00.000Z,,\r\n'))
})
