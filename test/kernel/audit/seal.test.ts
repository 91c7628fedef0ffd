import test from 'ava'
import { genesisOf, hashAfter } from '../../../kernel/audit/chain.ts'
import { ChainSealer } from '../../../kernel/audit/chain-sealer.ts'
import { createHeadSigner } from '../../../kernel/audit/head-signature.ts'
import { chainScene, SECRETS } from './chain-scene.ts'

const { signal } = new AbortController()

test('lines get their places in the order in which they were written, each chain by itself', async t => {
  const s = await chainScene(t)
  await s.write(3)
  await s.write(2, s.tenants[1])
  await s.write(2, null)
  await s.write(1)
  t.is(await s.seal(), 8)
  const rows = await s.rows()
  t.deepEqual(
    rows.map(row => [row.sequence, row.resource_id]),
    [
      [1, 'line 1'],
      [2, 'line 2'],
      [3, 'line 3'],
      [4, 'line 8'],
    ],
  )
  let previous = genesisOf(s.tenant)
  for (const row of rows) {
    previous = hashAfter(previous, row as never, row.sequence)
    t.is(row.hash, previous)
  }
  t.like(await s.head(), {
    first_sequence: 1,
    before_first: genesisOf(s.tenant),
    last_sequence: 4,
    last_hash: previous,
  })
  t.like(await s.verify({ chain: s.tenants[1] }), { valid: true, checked: 2 })
  t.like(await s.verify({ chain: 'platform' }), { valid: true, checked: 2, head: 'valid' })
  t.is(await s.seal(), 0, 'nothing is left')
})

test('a line that was committed late comes later in the chain', async t => {
  const s = await chainScene(t)
  await s.write(2)
  await s.seal()
  s.advance(-10_000)
  await s.write(1)
  await s.seal()
  const rows = await s.rows()
  t.deepEqual(
    rows.map(row => row.resource_id),
    ['line 1', 'line 2', 'line 3'],
  )
  t.true(String(rows[2]?.created_at) < String(rows[0]?.created_at))
  t.true((await s.verify()).valid)
})

test('many lines are sealed in steps', async t => {
  const s = await chainScene(t)
  await s.write(777)
  t.is(await s.seal(), 777)
  t.like(await s.verify(), { valid: true, checked: 777, last_sequence: 777, unsealed: 0 })
})

test('two sealers at once do not fork the chain', async t => {
  const s = await chainScene(t)
  await s.write(900)
  const other = new ChainSealer(createHeadSigner(SECRETS[0]))
  await Promise.all([s.seal(), s.seal(other), s.seal()].map(run => run.catch(() => undefined)))
  await s.seal()
  const rows = await s.rows()
  t.deepEqual(
    rows.map(row => row.sequence),
    Array.from({ length: 900 }, (_, at) => at + 1),
  )
  t.like(await s.verify(), { valid: true, checked: 900 })
})

test('a chain whose end somebody else has written gets no lines: our signature would make it good', async t => {
  const s = await chainScene(t)
  await s.write(2)
  await s.write(1, s.tenants[1])
  await s.seal()
  const { last_hash } = await s.head()
  await s.db
    .table('audit_chains')
    .where('chain', s.tenant)
    .update({ last_hash: last_hash.replace(/^./, '0'.repeat(1)) })
  await s.db.table('audit_chains').where('chain', s.tenant).update({ last_sequence: 1 })
  await s.write(1)
  await s.write(1, s.tenants[1])
  const done = await s.sealer.sealAll({ db: s.db, log: s.log, signal, now: s.now() })
  t.deepEqual(done, { sealed: 1, refused: [s.tenant] }, 'the others go on')
  t.is(s.lines.filter(line => line.level === 'error').length, 1)
})

test('the log says once when a chain begins', async t => {
  const s = await chainScene(t)
  await s.write(1)
  await s.seal()
  await s.write(1)
  await s.seal()
  const begun = s.lines.filter(line => line.message === 'an audit chain begins')
  t.is(begun.length, 1)
  t.like(begun[0]?.fields, { chain: s.tenant, lines: 1 })
})

test('after a rotation of SECRET_KEY the ends are signed anew, and stay good when the old key goes', async t => {
  const s = await chainScene(t)
  await s.write(2)
  await s.seal()
  const during = createHeadSigner(SECRETS[1], SECRETS[0])
  t.like(await s.verify({ signer: during }), { valid: true, head: 'previous_key' })
  const run = { db: s.db, log: s.log, signal, now: s.now() }
  t.is(await new ChainSealer(during).signAnew(run), 1)
  t.is(await new ChainSealer(during).signAnew(run), 0)
  const after = createHeadSigner(SECRETS[1])
  t.like(await s.verify({ signer: after }), { valid: true, head: 'valid' })
})

test('a seal during a rotation signs under the new key', async t => {
  const s = await chainScene(t)
  await s.write(1)
  await s.seal()
  await s.write(1)
  const during = createHeadSigner(SECRETS[1], SECRETS[0])
  t.is(await s.seal(new ChainSealer(during)), 1)
  t.like(await s.verify({ signer: createHeadSigner(SECRETS[1]) }), { valid: true, head: 'valid' })
})

test('rotated twice, the old signature is told from a forged one, and nothing is sealed into the chain', async t => {
  const s = await chainScene(t)
  await s.write(1)
  await s.seal()
  const later = createHeadSigner(SECRETS[2], SECRETS[1])
  t.like(await s.verify({ signer: later }), {
    valid: false,
    head: 'unknown_key',
    problem: { kind: 'head', sequence: 1 },
  })
  await s.write(1)
  t.is(await s.seal(new ChainSealer(later)), 0)
  t.like(await s.verify(), { valid: true, unsealed: 1 })
})
