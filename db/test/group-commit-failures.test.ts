import test from 'ava'
import { groupedWrites, insert, outcomes } from './grouped-writes.ts'

const nobody = 4711

test('a commit that fails fails all that joined: none is told that it is stored, and none is', async t => {
  const { run, write, stored } = groupedWrites()
  const orphan = () => run(async connection => insert(connection, 'orphan', nobody), { short: true })
  const why = 'failed: FOREIGN KEY constraint failed'
  t.deepEqual(await outcomes([write('a'), orphan(), write('b')]), [why, why, why])
  t.deepEqual(stored(), [])
  t.deepEqual(await outcomes([write('a'), write('b')]), ['a', 'b'], 'the next ones are not touched by it')
  t.deepEqual(stored(), ['a', 'b'])
})

test('a disk that is full at the commit fails all, and the next ones as long as it is', async t => {
  const { write, stored, writer } = groupedWrites()
  const { commit } = writer
  let full = true
  writer.commit = connection => {
    if (full) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    commit(connection)
  }
  const results = await Promise.allSettled(['a', 'b', 'c'].map(write))
  for (const one of results) t.like(one, { status: 'rejected', reason: { code: 'SQLITE_FULL' } })
  t.deepEqual(await outcomes([write('d')]), ['failed: database or disk is full'])
  full = false
  t.deepEqual(await outcomes([write('e'), write('f')]), ['e', 'f'])
  t.deepEqual(stored(), ['e', 'f'])
})

test('when the database ends the transaction by itself, all of it is lost and all are told', async t => {
  const { write, stored } = groupedWrites()
  const why = 'failed: database or disk is full'
  t.deepEqual(await outcomes([write('a'), write('b'), write('too much')]), [why, why, why])
  t.deepEqual(stored(), [])
  t.deepEqual(await outcomes([write('c')]), ['c'])
})

test('those behind one that lost the transaction are done in the next', async t => {
  const { write, stored } = groupedWrites()
  const why = 'failed: database or disk is full'
  t.deepEqual(await outcomes([write('a'), write('too much'), write('b'), write('c')]), [why, why, 'b', 'c'])
  t.deepEqual(stored(), ['b', 'c'])
})

for (const place of ['first', 'joined'] as const) {
  test(`work that hides the loss of its transaction is not acknowledged: ${place}`, async t => {
    const { run, write, stored } = groupedWrites()
    const hiding = () =>
      run(
        async connection => {
          insert(connection, 'before')
          t.throws(() => insert(connection, 'too much'))
          return 'all is well'
        },
        { short: true },
      )
    const before = place === 'joined' ? [write('a')] : []
    const results = await outcomes([...before, hiding(), write('b')])
    const why = 'failed: the database has ended this transaction by itself'
    t.deepEqual(results, [...before.map(() => why), why, 'b'])
    t.deepEqual(stored(), ['b'])
  })
}

test('where the connection cannot be had, all who wait for it are told, and later ones get it', async t => {
  const { write, stored, writer } = groupedWrites()
  const { acquire } = writer
  const refused = Promise.withResolvers<never>()
  writer.acquire = () => refused.promise
  const waiting = outcomes(['a', 'b', 'c'].map(write))
  writer.acquire = acquire
  refused.reject(new Error('no connection within 30 s'))
  t.deepEqual(new Set(await waiting), new Set(['failed: no connection within 30 s']))
  t.deepEqual(await outcomes([write('d')]), ['d'])
  t.deepEqual(stored(), ['d'])
})

test('a transaction that cannot begin fails alone', async t => {
  const { write, stored, writer } = groupedWrites()
  const { begin } = writer
  writer.begin = () => {
    writer.begin = begin
    throw new Error('database is locked')
  }
  t.deepEqual(await outcomes([write('a'), write('b')]), ['failed: database is locked', 'b'])
  t.deepEqual(stored(), ['b'])
})

test('nobody waits for ever when the rollback fails as well', async t => {
  const { run, write, writer } = groupedWrites()
  const { rollback } = writer
  writer.rollback = connection => {
    rollback(connection)
    throw new Error('disk I/O error')
  }
  const orphan = () => run(async connection => insert(connection, 'orphan', nobody), { short: true })
  const results = await outcomes([write('a'), orphan(), write('b')])
  t.true(results.every(one => String(one).startsWith('failed: ')))
})
