import test from 'ava'
import { CircuitBreaker } from '../../../kernel/tenancy/circuit-breaker.ts'

function breaker() {
  const clock = { time: 1_000_000 }
  return { clock, breaker: new CircuitBreaker(() => clock.time, { failures: 3, openMs: 1000 }) }
}

test('it opens after so many failures in a row, and lets one try through after a while', t => {
  const { clock, breaker: b } = breaker()
  for (let i = 0; i < 3; i++) {
    t.true(b.enter())
    b.failed()
  }
  t.true(b.open)
  t.false(b.enter())
  clock.time += 1000
  t.true(b.enter(), 'one try')
  t.false(b.enter(), 'and no second beside it')
  b.failed()
  clock.time += 999
  t.false(b.enter())
  clock.time += 1
  t.true(b.enter())
  b.succeeded()
  t.true(b.enter())
  t.true(b.enter())
})

test('a success between failures starts the count anew', t => {
  const { breaker: b } = breaker()
  for (let i = 0; i < 10; i++) {
    b.failed()
    b.failed()
    b.succeeded()
  }
  t.false(b.open)
})

test('a clock that is set back does not keep it open', t => {
  const { clock, breaker: b } = breaker()
  for (let i = 0; i < 3; i++) b.failed()
  clock.time -= 86_400_000
  t.false(b.open)
})
