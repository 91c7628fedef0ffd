import test from 'ava'
import { Passwords } from '../../kernel/access/passwords.ts'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'

/** Of each kind. */
const SAMPLES = 60
const KNOWN = 'admin@tenant-a.example'
const UNKNOWN = 'admin@tenant-x.example'

/**
 * How often a value of the one list is larger than one of the other (the U of Mann and Whitney, as a share): a half where
 * nothing tells them apart, none or all where one look is enough.
 */
function shareLarger(some: readonly number[], others: readonly number[]): number {
  let larger = 0
  for (const a of some) for (const b of others) larger += a > b ? 1 : a === b ? 0.5 : 0
  return larger / (some.length * others.length)
}

test('neither the answer to a wrong password nor the time it takes tells whether there is an account', async t => {
  await using house = await startTestKernel({ plugins: [], kernel: { passwords: new Passwords({ cost: 6 }) } })
  const ask = async (email: string) => {
    const began = performance.now()
    const answer = await house.anonymous.post('/auth/login', { email, password: 'not the password' })
    const took = performance.now() - began
    t.is(answer.status, 401)
    return { took, told: JSON.stringify({ ...answer.body, trace_id: '' }) }
  }
  const [known, unknown]: [number[], number[]] = [[], []]
  const told = new Set<string>()
  for (let i = -5; i < SAMPLES; i++) {
    const order = i % 2 ? [KNOWN, UNKNOWN] : [UNKNOWN, KNOWN]
    for (const email of order) {
      const answer = await ask(email)
      told.add(answer.told)
      if (i >= 0) (email === KNOWN ? known : unknown).push(answer.took)
    }
    if (i % 4 === 0) house.clock.advance(16 * 60_000)
  }
  t.is(told.size, 1)
  const share = shareLarger(known, unknown)
  t.true(share > 0.2 && share < 0.8, `with an account it takes longer in ${(share * 100).toFixed(0)} % of all pairs`)
})
