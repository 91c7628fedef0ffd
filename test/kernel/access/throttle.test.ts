import test from 'ava'
import { Throttle } from '../../../kernel/access/throttle.ts'
import type { Problem } from '../../../kernel/errors.ts'

const refusal = (work: Promise<unknown>): Promise<Problem | undefined> =>
  work.then(
    () => undefined,
    (error: Problem) => error,
  )

test('five failures are free, the sixth starts a pause', async t => {
  const throttle = new Throttle()
  for (let i = 0; i < 6; i++) await throttle.begin('ada@acme.example', '192.0.2.1')
  const refused = await refusal(throttle.begin('ada@acme.example', '198.51.100.7'))
  t.is(refused?.code, 'too_many_requests')
  t.regex(refused?.headers?.['Retry-After'] ?? '', /^[12]$/)
  t.is(await refusal(throttle.begin('bob@acme.example', '192.0.2.1')), undefined, 'others are not held up')
})

test('attempts at the same moment do not slip through', async t => {
  const throttle = new Throttle()
  const attempts = Array.from({ length: 50 }, () => refusal(throttle.begin('ada@acme.example', '192.0.2.1')))
  const letThrough = (await Promise.all(attempts)).filter(problem => problem === undefined)
  t.is(letThrough.length, 6)
})

test('the right password wipes the slate', async t => {
  const throttle = new Throttle()
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 4; i++) await throttle.begin('ada@acme.example', '192.0.2.1')
    const attempt = await throttle.begin('ada@acme.example', '192.0.2.1')
    await attempt.succeeded()
  }
  t.pass()
})

test('many accounts from one address are slowed down as well; an IPv6 network counts as one', async t => {
  const throttle = new Throttle()
  for (let i = 0; i < 101; i++) await throttle.begin(`user-${i}@acme.example`, `2001:db8::${i.toString(16)}`)
  t.is((await refusal(throttle.begin('next@acme.example', '2001:db8::ffff')))?.code, 'too_many_requests')
  t.is(await refusal(throttle.begin('next@acme.example', '2001:db8:0:1::1')), undefined)
})

test('right passwords do not count against an address', async t => {
  const throttle = new Throttle()
  for (let i = 0; i < 150; i++) {
    const attempt = await throttle.begin(`user-${i}@acme.example`, '192.0.2.1')
    await attempt.succeeded()
  }
  t.is(await refusal(throttle.begin('next@acme.example', '::ffff:192.0.2.1')), undefined)
})
