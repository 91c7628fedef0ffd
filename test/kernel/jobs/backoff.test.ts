import test from 'ava'
import { backoff } from '../../../kernel/jobs/backoff.ts'

test('pauses double from 5 s up to 15 minutes', t => {
  const longest = [1, 2, 3, 7, 8, 9, 50].map(attempt => backoff(attempt, () => 1) / 1000)
  t.deepEqual(longest, [5, 10, 20, 320, 640, 900, 900])
})

test('half of a pause is random', t => {
  t.is(
    backoff(3, () => 0),
    10_000,
  )
  t.is(
    backoff(3, () => 0.5),
    15_000,
  )
})
