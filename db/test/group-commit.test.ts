import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import { groupedWrites, insert, outcomes } from './grouped-writes.ts'

const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `name ${n}`)

test('short transactions that wait share commits, and are stored in the order they came', async t => {
  const { write, stored, steps } = groupedWrites()
  const names = many(40)
  t.deepEqual(await Promise.all(names.map(write)), names)
  t.deepEqual(stored(), names)
  t.is(steps.filter(step => step === 'commit').length, 1)
  t.is(steps.filter(step => step === 'savepoint').length, 39)
})

test('nobody is told that it is stored before the commit', async t => {
  const { write, steps } = groupedWrites()
  await Promise.all(['a', 'b', 'c'].map(name => write(name).then(() => steps.push(`told ${name}`))))
  const [commit, ...after] = steps.slice(steps.indexOf('commit'))
  t.is(commit, 'commit')
  t.deepEqual(after.toSorted(), ['told a', 'told b', 'told c'])
})

test('one that fails is undone alone, and gets its own error', async t => {
  const { run, write, stored, steps } = groupedWrites()
  const failing = run(
    async connection => {
      insert(connection, 'half done')
      await nextTurn()
      throw new Error('no')
    },
    { short: true },
  )
  const first = write('a')
  t.deepEqual(await outcomes([first, write('b'), failing, write('b'), write('c')]), [
    'a',
    'b',
    'failed: no',
    'failed: UNIQUE constraint failed: names.name',
    'c',
  ])
  t.deepEqual(stored(), ['a', 'b', 'c'])
  t.is(steps.filter(step => step === 'undo').length, 1)
})

test('when the first one fails, those that joined it go on without it', async t => {
  const { run, write, stored } = groupedWrites()
  const first = run(
    async connection => {
      insert(connection, 'half done')
      throw new Error('no')
    },
    { short: true },
  )
  t.deepEqual(await outcomes([first, write('a'), write('b')]), ['failed: no', 'a', 'b'])
  t.deepEqual(stored(), ['a', 'b'])
})

test('a transaction that is not short joins none, and none joins it', async t => {
  const { run, write, stored, joined } = groupedWrites()
  const long = (name: string, fails = false) =>
    run(async connection => {
      insert(connection, name)
      await nextTurn()
      if (fails) throw new Error('no')
      return name
    })
  const all = [long('long', true), write('a'), write('b'), long('longer'), write('c')]
  t.deepEqual(await outcomes(all), ['failed: no', 'a', 'b', 'longer', 'c'])
  t.deepEqual(stored().toSorted(), ['a', 'b', 'c', 'longer'])
  t.deepEqual(joined(), [0, 2, 0])
})

test('a group is bounded: a finished one waits for fifty others at most', async t => {
  const { write, stored, joined } = groupedWrites()
  const names = many(120)
  await Promise.all(names.map(write))
  t.deepEqual(stored(), names)
  t.true(joined().length >= 3)
  t.true(joined().every(count => count <= 50))
})

test('a group ends after one that takes long, instead of waiting for the next', async t => {
  const { run, write, joined, clock } = groupedWrites()
  const first = write('first')
  const slow = run(
    async connection => {
      clock.ms += 11
      return insert(connection, 'slow')
    },
    { short: true },
  )
  await Promise.all([first, slow, write('next')])
  t.deepEqual(joined().slice(0, 2), [1, 0])
})

test('one that comes while a group ends begins the next', async t => {
  const { write, stored, writer } = groupedWrites()
  const { commit } = writer
  const late: Promise<string>[] = []
  writer.commit = connection => {
    if (late.length === 0) late.push(write('late'))
    commit(connection)
  }
  t.deepEqual(await Promise.all([write('a'), write('b')]), ['a', 'b'])
  t.deepEqual(await Promise.all(late), ['late'])
  t.deepEqual(stored(), ['a', 'b', 'late'])
})

test('joined work runs in the context of its own caller', async t => {
  const { run } = groupedWrites()
  const request = new AsyncLocalStorage<string>()
  const seen = (name: string) =>
    request.run(name, async () => {
      const inside = await run(
        async () => {
          await nextTurn()
          return request.getStore()
        },
        { short: true },
      )
      return [inside, request.getStore()]
    })
  t.deepEqual(await Promise.all(['one', 'two', 'three'].map(seen)), [
    ['one', 'one'],
    ['two', 'two'],
    ['three', 'three'],
  ])
})
