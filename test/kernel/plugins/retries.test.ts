import test from 'ava'
import { RETRY_AFTER_MS, Retries } from '../../../kernel/plugins/retries.ts'

test('pauses grow with each failure, and start again when it works', t => {
  const retries = new Retries<string>()
  t.deepEqual(
    RETRY_AFTER_MS.map(ms => ms / 60_000),
    [1, 5, 30],
  )
  t.deepEqual(
    [1, 2, 3, 4].map(() => retries.failed('a') / 60_000),
    [1, 5, 30, 30],
  )
  retries.forget('a')
  t.is(retries.failed('a'), 60_000)
})

test('what has failed is not due before its pause is over', t => {
  const retries = new Retries<string>([0, 60_000])
  t.is(retries.next, undefined)
  t.true(retries.isDue('a'))
  retries.failed('a')
  t.true(retries.isDue('a'), 'a pause of nothing')
  retries.failed('a')
  t.false(retries.isDue('a'))
  t.true(retries.isDue('b'))
  t.true(Number(retries.next) > 50_000 && Number(retries.next) <= 60_000)
  retries.forget('a')
  t.is(retries.next, undefined)
})
