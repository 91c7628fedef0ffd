import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import { deleteOldLines, type Pruned } from '../../../kernel/audit/retention.ts'
import { writeAudit } from '../../../kernel/audit/writer.ts'
import { type ChainScene, chainScene } from './chain-scene.ts'

const DAY = 86_400_000
const { signal } = new AbortController()

interface Recorded {
  readonly owner: string | null
  readonly action: string | undefined
  readonly after: unknown
}

/** Runs the retention once, without sealing before it. */
async function prune(
  s: ChainScene,
  more: { signal?: AbortSignal; steps?: unknown[] } = {},
): Promise<Pruned & { told: Recorded[] }> {
  const told: Recorded[] = []
  const done = await deleteOldLines({
    db: s.open(),
    signer: s.signer,
    log: s.log,
    now: s.now(),
    signal: more.signal ?? signal,
    record: (owner, { action, after }) => told.push({ owner, action, after }),
    progress: step => more.steps?.push(step),
  })
  return { ...done, told }
}

const keep = (s: ChainScene, tenant: string, days: number) =>
  s.db.forTenant(tenant).table('tenant_settings').insert({ audit_retention_days: days, updated_at: s.now() })

test('lines older than the retention go, of every tenant and of the platform, and the rest stays verifiable', async t => {
  const s = await chainScene(t)
  await s.write(3)
  await s.write(2, s.tenants[1])
  await s.write(1, null)
  await s.seal()
  s.advance(365 * DAY)
  await s.write(2)
  await s.seal()
  const before = await s.head()
  const steps: unknown[] = []
  const { deleted, held, told } = await prune(s, { steps })
  t.deepEqual([deleted, held], [6, []])
  t.deepEqual(steps.at(-1), { done: 4, total: 4 })
  t.deepEqual(
    told.map(({ owner, action }) => [owner, action]).sort(),
    [
      [null, 'audit.pruned'],
      [s.tenants[0], 'audit.pruned'],
      [s.tenants[1], 'audit.pruned'],
    ].sort(),
  )
  t.like(told.find(({ owner }) => owner === s.tenant)?.after as object, {
    deleted: 3,
    first_sequence: 1,
    last_sequence: 3,
  })
  t.like(await s.head(), { first_sequence: 4, last_sequence: 5, last_hash: before.last_hash })
  t.like(await s.verify(), { valid: true, checked: 2, first_sequence: 4 })
  t.like(await s.verify({ chain: s.tenants[1] }), { valid: true, checked: 0, first_sequence: 3, last_sequence: 2 })
  t.like(await s.verify({ chain: 'platform' }), { valid: true, checked: 0 })
  await s.write(1, s.tenants[1])
  await s.seal()
  t.like(await s.verify({ chain: s.tenants[1] }), { valid: true, checked: 1, first_sequence: 3, last_sequence: 3 })
})

test('on the day itself lines stay', async t => {
  const s = await chainScene(t)
  await s.write(1)
  await s.seal()
  s.advance(365 * DAY)
  t.is((await prune(s)).deleted, 0)
  s.advance(1)
  t.is((await prune(s)).deleted, 1)
})

test('each tenant keeps its own days', async t => {
  const s = await chainScene(t)
  await keep(s, s.tenants[0], 30)
  await keep(s, s.tenants[1], 3650)
  for (const tenant of s.tenants) await s.write(1, tenant)
  await s.seal()
  s.advance(40 * DAY)
  t.is((await prune(s)).deleted, 1)
  s.advance(400 * DAY)
  t.is((await prune(s)).deleted, 1)
  t.like(await s.verify({ chain: s.tenants[1] }), { checked: 1 })
})

test('a long past goes in steps, each with a line that says so', async t => {
  const s = await chainScene(t)
  const entries = Array.from({ length: 1300 }, (_, n) => ({ action: 'a.b', resourceType: 'a', resourceId: String(n) }))
  await writeAudit(s.db.forTenant(s.tenant), entries, {
    actor: { kind: 'service', id: 'x' },
    traceId: 't',
    now: s.now(),
  })
  await s.seal()
  s.advance(366 * DAY)
  const { deleted, told } = await prune(s)
  t.is(deleted, 1300)
  t.is(
    told.reduce((sum, { after }) => sum + (after as { deleted: number }).deleted, 0),
    1300,
  )
  t.like(await s.verify(), { valid: true, checked: 0, first_sequence: 1301 })
})

test('what is not sealed stays, and so does what comes behind a line that is kept', async t => {
  const s = await chainScene(t)
  await s.write(1)
  await s.seal()
  s.advance(366 * DAY)
  await s.write(1)
  await s.seal()
  s.advance(-366 * DAY)
  await s.write(1)
  await s.seal()
  await s.write(1)
  s.advance(366 * DAY)
  t.is((await prune(s)).deleted, 1)
  t.like(await s.verify(), { valid: true, checked: 2, unsealed: 1 })
})

test('nothing goes of a chain that was changed: the proof would go with it', async t => {
  const s = await chainScene(t)
  await s.write(3)
  await s.write(1, s.tenants[1])
  await s.seal()
  await s.db.table('audit_logs').where({ tenant_id: s.tenant, sequence: 2 }).update({ action: 'x' })
  s.advance(366 * DAY)
  t.like(await prune(s), { deleted: 1, held: [s.tenant] })
  t.like((await s.verify()).problem, { kind: 'changed', sequence: 2 })
  t.true(s.lines.some(line => line.level === 'error'))
})

test('nothing goes of a chain whose end is not signed by us', async t => {
  const s = await chainScene(t)
  await s.write(3)
  await s.seal()
  await s.db.table('audit_chains').where('chain', s.tenant).update({ first_sequence: 2 })
  s.advance(366 * DAY)
  t.like(await prune(s), { deleted: 0, held: [s.tenant] })
})

test('it ends when it is told to', async t => {
  const s = await chainScene(t)
  await s.write(1)
  await s.seal()
  s.advance(366 * DAY)
  await t.throwsAsync(prune(s, { signal: AbortSignal.abort() }), { name: 'AbortError' })
  t.is((await s.verify()).checked, 1)
})

test('lines that retention deletes while the chain is checked raise no alarm', async t => {
  const s = await chainScene(t)
  const facts = () => ({ actor: { kind: 'service' as const, id: 'x' }, traceId: 't', now: s.now() })
  for (let day = 0; day < 12; day++) {
    const entries = Array.from({ length: 250 }, (_, n) => ({ action: 'a.b', resourceType: 'a', resourceId: String(n) }))
    await writeAudit(s.db.forTenant(s.tenant), entries, facts())
    s.advance(DAY)
  }
  await s.seal()
  s.advance(355 * DAY)
  const pruning = (async () => {
    for (let day = 0; day < 11; day++) {
      await prune(s)
      s.advance(DAY)
      await nextTurn()
    }
  })()
  const checked: number[] = []
  for (let round = 0; round < 8; round++) {
    const found = await s.verify()
    t.like(found, { valid: true, problem: null })
    checked.push(found.checked)
  }
  await pruning
  t.true((await s.head()).first_sequence > 2000)
  t.true((await s.verify()).valid)
})
