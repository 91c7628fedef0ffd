import test from 'ava'
import { oneAtATime } from '../../../kernel/health/one-at-a-time.ts'

test('who asks while a check runs waits for the same run', async t => {
  let runs = 0
  const done = Promise.withResolvers<void>()
  const check = oneAtATime(() => {
    runs += 1
    return done.promise
  }, 60_000)
  const asked = [check(), check(), check()]
  done.resolve()
  t.deepEqual(await Promise.all(asked), [true, true, true])
  t.is(runs, 1)
  t.true(await check())
  t.is(runs, 2)
})

test('a check that hangs is false for whoever asks, is not run again beside itself, and counts once it ends', async t => {
  let runs = 0
  let hung = Promise.withResolvers<void>()
  const check = oneAtATime(() => {
    runs += 1
    return hung.promise
  }, 1)
  t.false(await check())
  t.false(await check())
  t.is(runs, 1)
  hung.resolve()
  await hung.promise
  hung = Promise.withResolvers()
  hung.resolve()
  t.true(await check())
})

test('a check that fails is false, and may succeed the next time', async t => {
  let fault: Error | undefined = new Error('gone')
  const check = oneAtATime(async () => {
    if (fault) throw fault
  }, 60_000)
  t.false(await check())
  fault = undefined
  t.true(await check())
})
