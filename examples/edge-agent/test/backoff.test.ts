import test from 'ava'
import { Backoff } from '../backoff.ts'

test('each wait is at most twice as long as the one before, and never over the longest', t => {
  const backoff = new Backoff({ firstMs: 100, longestMs: 1_000 })
  for (const most of [100, 200, 400, 800, 1_000, 1_000]) {
    const ms = backoff.failed()
    t.true(ms >= most / 2 && ms <= most, `${ms} of ${most}`)
  }
})

test('after a success it begins anew', t => {
  const backoff = new Backoff({ firstMs: 100 })
  for (let n = 0; n < 5; n += 1) backoff.failed()
  backoff.succeeded()
  t.true(backoff.failed() <= 100)
})

test('devices that failed together do not come back together', t => {
  const waits = Array.from({ length: 100 }, () => new Backoff({ firstMs: 1_000 }).failed())
  t.true(Math.max(...waits) - Math.min(...waits) > 200)
})

test('what the server asks for is never undercut', t => {
  t.true(new Backoff({ firstMs: 100 }).failed(5_000) >= 5_000)
})
