import test from 'ava'
import { Turns } from '../../../kernel/access/turns.ts'
import { Problem } from '../../../kernel/errors.ts'

test('so many run at once, the others in the order they came', async t => {
  const turns = new Turns(2, 10)
  const ends: (() => void)[] = []
  const began: number[] = []
  const work = Array.from({ length: 5 }, (_, i) =>
    turns.run(() => {
      began.push(i)
      return new Promise<number>(resolve => ends.push(() => resolve(i)))
    }),
  )
  t.deepEqual(began, [0, 1])
  for (let i = 0; i < 5; i++) {
    ends[i]?.()
    t.is(await work[i], i)
  }
  t.deepEqual(began, [0, 1, 2, 3, 4])
})

test('when too much waits, what comes next is turned away at once, with a time to come back', async t => {
  const turns = new Turns(1, 2)
  const { promise, resolve } = Promise.withResolvers<void>()
  const waiting = [0, 1, 2].map(() => turns.run(() => promise))
  const error = await t.throwsAsync(
    turns.run(() => promise),
    { instanceOf: Problem },
  )
  t.is(error.code, 'too_many_requests')
  t.truthy(error.headers?.['Retry-After'])
  resolve()
  await Promise.all(waiting)
  t.is(await turns.run(async () => 'goes on'), 'goes on')
})

test('work that fails makes room, too', async t => {
  const turns = new Turns(1, 1)
  await t.throwsAsync(
    turns.run(() => Promise.reject(new Error('no'))),
    { message: 'no' },
  )
  t.is(await turns.run(async () => 1), 1)
})
