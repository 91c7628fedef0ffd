import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import { genesisOf, hashAfter } from '../../../kernel/audit/chain.ts'
import { newId } from '../../../kernel/data/id.ts'
import { type ChainScene, chainScene, type StoredLine } from './chain-scene.ts'

const lines = (s: ChainScene) => s.db.table('audit_logs').where('tenant_id', s.tenant)
const update = (s: ChainScene, sequence: number, values: object) => lines(s).where({ sequence }).update(values)

/** A chain of twelve lines. */
async function twelve(t: Parameters<typeof chainScene>[0]): Promise<ChainScene & { readonly all: StoredLine[] }> {
  const s = await chainScene(t)
  await s.write(12)
  await s.seal()
  return { ...s, all: await s.rows() }
}

/** Computes hashes from a place to the end, as anybody can. */
async function recompute(s: ChainScene, from: number): Promise<string> {
  const rows = await s.rows()
  let previous = rows.find(row => row.sequence === from - 1)?.hash ?? genesisOf(s.tenant)
  for (const row of rows.filter(({ sequence }) => sequence >= from)) {
    previous = hashAfter(previous, row as never, row.sequence)
    await lines(s).where('id', row.id).update({ hash: previous })
  }
  return previous
}

test('a chain as it was sealed is valid', async t => {
  const s = await twelve(t)
  await s.write(1)
  const { last_hash, sealed_at } = await s.head()
  t.deepEqual(await s.verify(), {
    valid: true,
    checked: 12,
    first_sequence: 1,
    last_sequence: 12,
    before_first: genesisOf(s.tenant),
    last_hash,
    sealed_at,
    unsealed: 1,
    head: 'valid',
    problem: null,
  })
})

test('a log without lines, and one whose lines are new, are valid', async t => {
  const s = await chainScene(t)
  t.like(await s.verify(), { valid: true, head: 'none', checked: 0, unsealed: 0, last_sequence: null })
  await s.write(1)
  t.like(await s.verify(), { valid: true, head: 'none', unsealed: 1 })
})

for (const [field, value] of [
  ['action', 'a.undone'],
  ['user_id', newId()],
  ['actor_id', 'somebody'],
  ['actor_kind', 'user'],
  ['resource_id', null],
  ['resource_type', 'b'],
  ['before', '{"n":0}'],
  ['after', 'null'],
  ['after', '{"n":5'],
  ['ip_address', '192.0.2.1'],
  ['trace_id', 'u'],
  ['created_at', '2026-03-01T10:00:00.001Z'],
] as const) {
  test(`a change of ${field} to ${value === null ? 'nothing' : value.slice(0, 12)} is found`, async t => {
    const s = await twelve(t)
    await update(s, 5, { [field]: value })
    const { id } = s.all[4] as StoredLine
    t.like(await s.verify(), { valid: false, checked: 4, head: 'valid', problem: { kind: 'changed', sequence: 5, id } })
  })
}

test('a change of the first and of the last line is found', async t => {
  const s = await twelve(t)
  await update(s, 12, { action: 'x' })
  t.like((await s.verify()).problem, { kind: 'changed', sequence: 12 })
  await update(s, 1, { action: 'x' })
  t.like((await s.verify()).problem, { kind: 'changed', sequence: 1 })
})

for (const [which, sequence] of [
  ['first', 1],
  ['middle', 6],
  ['last', 12],
] as const) {
  test(`the ${which} line is missed when it is deleted`, async t => {
    const s = await twelve(t)
    await lines(s).where({ sequence }).delete()
    t.like(await s.verify(), { valid: false, problem: { kind: 'missing', sequence, id: null } })
  })
}

test('a line is missed when those behind it have moved up', async t => {
  const s = await twelve(t)
  await lines(s).where('sequence', 6).delete()
  for (let at = 7; at <= 12; at++) await update(s, at, { sequence: at - 1 })
  t.like((await s.verify()).problem, { kind: 'missing', sequence: 6, id: null })
})

test('all lines are missed', async t => {
  const s = await twelve(t)
  await lines(s).delete()
  t.like(await s.verify(), { valid: false, checked: 0, problem: { kind: 'missing', sequence: 1 } })
})

for (const [first, second] of [
  [4, 5],
  [2, 9],
] as const) {
  const swap = async (s: ChainScene & { readonly all: StoredLine[] }, withHash: boolean) => {
    const [a, b] = [s.all[first - 1] as StoredLine, s.all[second - 1] as StoredLine]
    await lines(s)
      .where('id', a.id)
      .update({ sequence: second, ...(withHash ? { hash: b.hash } : {}) })
    await lines(s)
      .where('id', b.id)
      .update({ sequence: first, ...(withHash ? { hash: a.hash } : {}) })
    return { kind: 'reordered', sequence: first, id: b.id }
  }
  test(`lines ${first} and ${second} that changed places are told`, async t => {
    const s = await twelve(t)
    const problem = await swap(s, false)
    t.deepEqual((await s.verify()).problem as unknown, problem)
  })
  test(`lines ${first} and ${second} that changed places, but left their hashes, are told`, async t => {
    const s = await twelve(t)
    const problem = await swap(s, true)
    t.deepEqual((await s.verify()).problem as unknown, problem)
  })
}

/** A line of somebody's own. */
async function forge(s: ChainScene, sequence: number, id = newId()): Promise<string> {
  const [row] = await lines(s).where('sequence', Math.min(sequence, 12)).limit(1)
  const previous = (await s.rows()).find(line => line.sequence === sequence - 1)?.hash ?? genesisOf(s.tenant)
  const made = { ...row, id, action: 'a.forged', sequence }
  await s.db.table('audit_logs').insert({ ...made, hash: hashAfter(previous, made as never, sequence) })
  return id
}

test('a line that was put in at a place that is taken is found, wherever it comes', async t => {
  const s = await twelve(t)
  const later = await forge(s, 6)
  t.like((await s.verify()).problem, { kind: 'inserted', sequence: 6, id: later })
  await lines(s).where('id', later).delete()
  const sooner = await forge(s, 6, '00000000-0000-7000-8000-000000000001')
  t.like((await s.verify()).problem, { kind: 'inserted', sequence: 6, id: sooner })
  await lines(s).where('id', sooner).delete()
  t.true((await s.verify()).valid)
})

test('a line that was put in with those behind it moved down is found', async t => {
  const s = await twelve(t)
  for (let at = 12; at >= 6; at--) await update(s, at, { sequence: at + 1 })
  const [row] = await lines(s).where('sequence', 5).limit(1)
  const id = newId()
  await s.db.table('audit_logs').insert({ ...row, id, sequence: 6, hash: '0'.repeat(64) })
  t.like((await s.verify()).problem, { kind: 'inserted', sequence: 6, id })
})

test('lines before the first and behind the last are found', async t => {
  const s = await twelve(t)
  const behind = await forge(s, 13)
  t.like((await s.verify()).problem, { kind: 'inserted', sequence: 13, id: behind })
  await lines(s).where('id', behind).delete()
  const id = newId()
  const [row] = await lines(s).where('sequence', 5).limit(1)
  await s.db.table('audit_logs').insert({ ...row, id, sequence: 0, hash: '0'.repeat(64) })
  t.like((await s.verify()).problem, { kind: 'inserted', sequence: 0, id })
})

test('a chain that was computed anew does not lead to its signed end', async t => {
  const s = await twelve(t)
  await update(s, 3, { action: 'a.undone' })
  await recompute(s, 3)
  t.like(await s.verify(), { valid: false, head: 'valid', problem: { kind: 'rewritten', sequence: 12 } })
})

test('a chain that was computed anew with its end lacks the signature', async t => {
  const s = await twelve(t)
  await update(s, 3, { action: 'a.undone' })
  const last_hash = await recompute(s, 3)
  await s.db.table('audit_chains').where('chain', s.tenant).update({ last_hash })
  t.like(await s.verify(), { valid: false, checked: 12, head: 'invalid', problem: { kind: 'head', sequence: 12 } })
})

for (const [column, value] of [
  ['last_sequence', 11],
  ['first_sequence', 2],
  ['before_first', 'f'.repeat(64)],
  ['sealed_at', '2026-03-01T11:00:00.000Z'],
  ['signature', 'nonsense'],
] as const) {
  test(`an end whose ${column} was written by somebody else is found`, async t => {
    const s = await twelve(t)
    await s.db
      .table('audit_chains')
      .where('chain', s.tenant)
      .update({ [column]: value })
    const { valid, head } = await s.verify()
    t.false(valid)
    t.is(head, column === 'signature' ? 'unknown_key' : 'invalid')
  })
}

test('the end of another chain is no end of this one, and an end that is gone is missed', async t => {
  const s = await twelve(t)
  await s.write(3, s.tenants[1])
  await s.seal()
  const { signature } = await s.head(s.tenants[1])
  await s.db.table('audit_chains').where('chain', s.tenant).update({ signature })
  t.is((await s.verify()).head, 'invalid')
  await s.db.table('audit_chains').where('chain', s.tenant).delete()
  t.like(await s.verify(), { valid: false, head: 'missing', problem: { kind: 'head', sequence: 12 } })
})

test('a part is checked to fit what stands before it', async t => {
  const s = await twelve(t)
  t.like(await s.verify({ from: 5, to: 8 }), { valid: true, checked: 4 })
  t.like(await s.verify({ from: 9 }), { valid: true, checked: 4 })
  t.like(await s.verify({ from: 40 }), { valid: true, checked: 0 })
  await update(s, 6, { action: 'x' })
  t.true((await s.verify({ from: 7 })).valid)
  t.like((await s.verify({ from: 5, to: 8 })).problem, { kind: 'changed', sequence: 6 })
  await lines(s).where('sequence', 6).delete()
  t.like((await s.verify({ from: 7 })).problem, { kind: 'missing', sequence: 6 })
})

test('lines that are sealed while it is checked raise no alarm', async t => {
  const s = await chainScene(t)
  await s.write(600)
  await s.seal()
  let busy = true
  const sealing = (async () => {
    while (busy) {
      await s.write(20)
      await s.seal()
      // An embedded database never makes it wait.
      await nextTurn()
    }
  })()
  for (let round = 0; round < 10; round++) t.like(await s.verify(), { valid: true, problem: null })
  busy = false
  await sealing
})
