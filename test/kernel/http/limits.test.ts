import test from 'ava'
import { Problem } from '../../../kernel/errors.ts'
import { addressKey, createLimiter, type LimitStore } from '../../../kernel/http/limits.ts'

const refusal = async (taken: Promise<void> | undefined): Promise<Problem> => {
  try {
    await taken
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('was let through')
}

test('a key is let through as often as the limit says, then told when to come back', async t => {
  const limiter = createLimiter(3)
  for (let n = 0; n < 3; n++) await limiter.take('a')
  const refused = await refusal(limiter.take('a'))
  t.is(refused.code, 'too_many_requests')
  t.is(refused.status, 429)
  const seconds = Number(refused.headers?.['Retry-After'])
  t.true(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60)
})

test('keys and limiters are counted apart', async t => {
  const [one, other] = [createLimiter(1), createLimiter(1)]
  await one.take('a')
  await one.take('b')
  await other.take('a')
  t.is((await refusal(one.take('a'))).status, 429)
})

test('the number of keys is bounded: the one that was idle longest gives way', async t => {
  const limiter = createLimiter(2, { maxKeys: 2 })
  await limiter.take('busy')
  await limiter.take('idle')
  await limiter.take('busy')
  await limiter.take('new')
  t.is((await refusal(limiter.take('busy'))).status, 429)
  await limiter.take('idle')
  await t.notThrowsAsync(limiter.take('idle'))
})

test('the store can be another one; what it cannot do is not taken for a limit', async t => {
  const settings: unknown[] = []
  const consumed: string[] = []
  const store: LimitStore = {
    async consume(key) {
      consumed.push(key)
      if (key === 'full') throw { msBeforeNext: 1500 }
      if (key === 'broken') throw new Error('connection lost')
    },
    async delete() {},
  }
  const makeStore = (given: unknown): LimitStore => {
    settings.push(given)
    return store
  }
  const limiter = createLimiter(10, { makeStore })
  await limiter.take('free')
  t.is((await refusal(limiter.take('full'))).headers?.['Retry-After'], '2')
  await t.throwsAsync(limiter.take('broken'), { message: 'connection lost' })
  t.deepEqual(settings, [{ points: 10, duration: 60 }])
  t.deepEqual(consumed, ['free', 'full', 'broken'])
})

test('an address is counted under what one customer has', t => {
  t.is(addressKey('192.0.2.1'), '192.0.2.1')
  t.is(addressKey('::ffff:192.0.2.1'), '192.0.2.1')
  t.is(addressKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::')
  t.is(addressKey('fe80::1%eth0'), addressKey('fe80::2%eth0'))
  t.is(addressKey('no address'), 'no address')
})
