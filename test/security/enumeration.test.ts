import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext, type TestFn } from 'ava'
import bcrypt from 'bcrypt'
import { OneTimeTokens } from '../../kernel/access/one-time-tokens.ts'
import { Passwords } from '../../kernel/access/passwords.ts'
import { sqliteTest } from '../../kernel/testing/test-database.ts'
import { AccessHouse, type Answer, PASSWORD, type Person } from '../kernel/access/access-house.ts'
import { rankScore } from './rank-test.ts'

/** Pairs of measures in a round. */
const PAIRS = 40
/** Of the standard score of a round: by chance once in two million rounds. With 40 pairs it can be 7.7. */
const BOUND = 5
/** A busy machine may make one round odd; what leaks is seen in each. */
const ROUNDS = 3
const COST = 6

/** One after the other: a test beside it would take time of its own. */
const timingTest = sqliteTest(test.serial as TestFn, 'a server takes times of its own')

/** A request that may tell whether there is an account: the same for a known one and for an unknown one. */
interface Question {
  readonly name: string
  ask(house: AccessHouse, email: string, token: string): Promise<Answer>
}

const post = (house: AccessHouse, path: string, body: object): Promise<Answer> =>
  house.send('POST', `/api/v1${path}`, { body, headers: { 'x-forwarded-for': anyAddress() } })

const questions: readonly Question[] = [
  { name: 'login', ask: (house, email) => post(house, '/auth/login', { email, password: 'not the right one' }) },
  { name: 'password/forgot', ask: (house, email) => post(house, '/auth/password/forgot', { email }) },
  { name: 'check-method', ask: (house, email) => post(house, '/auth/check-method', { email }) },
  {
    name: 'register',
    ask: (house, email) =>
      post(house, '/auth/register', {
        account_name: `a-${randomBytes(10).toString('hex')}`,
        tenant_name: 'Delta',
        name: 'Dee',
        email,
        password: PASSWORD,
      }),
  },
  {
    name: 'mfa/verify',
    ask: (house, _email, session_token) => post(house, '/auth/mfa/verify', { session_token, totp_code: '123456' }),
  },
]

/** Each request from a network of its own, so that no limit of an address is met. */
const anyAddress = (): string => `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::1`
const unknownEmail = (): string => `${randomBytes(8).toString('hex')}@nowhere.example`
const unknownToken = (): string => randomBytes(32).toString('base64url')

/** A house in which no job runs, so that nothing but the request takes time. */
const quietHouse = (t: ExecutionContext, passwords = new Passwords({ cost: COST })): Promise<AccessHouse> =>
  AccessHouse.open(t, { TRUST_PROXY: '1' }, { passwords, roles: ['api'] })

/** Users with a password, and for each the token of a log-in that has run out before its second step. */
async function knownPeople(house: AccessHouse, count: number): Promise<{ email: string; token: string }[]> {
  const admin = await house.account()
  const db = house.database.forTenant(admin.tenantId)
  const oneTime = new OneTimeTokens()
  const hash = await bcrypt.hash(PASSWORD, COST)
  const people: { email: string; token: string }[] = []
  for (let n = 0; n < count; n++) {
    const { userId, email } = await house.colleague(admin, `Known${n}`)
    await db.table('users').where('id', userId).update({ password_hash: hash })
    const late = { userId, kind: 'sign-in', data: { step: 'code', methods: ['pwd'] }, lifeMs: -1 } as const
    people.push({ email, token: await oneTime.issue(db, late, house.clock.now()) })
  }
  return people
}

/** An answer without what differs from one to the next: ids, trace ids, the time. */
function shapeOf({ status, body, headers }: Answer): object {
  const plain = (value: unknown): string =>
    JSON.stringify(value ?? null)
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, '<id>')
      .replace(/\b[0-9a-f]{32}\b/g, '<trace>')
  const { date: _date, ...rest } = headers
  return { status, body: plain(body), headers: plain(rest) }
}

for (const { name, ask } of questions) {
  test.serial(`${name} answers the same whether there is an account or not`, async t => {
    const house = await quietHouse(t)
    const [known] = await knownPeople(house, 1)
    if (!known) return t.fail()
    const answer = await ask(house, known.email, known.token)
    t.not(answer.status, 429)
    t.true(answer.status < 500)
    t.deepEqual(shapeOf(answer), shapeOf(await ask(house, unknownEmail(), unknownToken())))
    const loud = await ask(house, known.email.toUpperCase(), known.token)
    t.deepEqual(shapeOf(loud), shapeOf(answer), 'also when it is written in another way')
  })

  timingTest(`${name} takes the same time whether there is an account or not`, async t => {
    const house = await quietHouse(t)
    const scores = await measure(house, ask, await knownPeople(house, PAIRS + 5))
    t.true(
      scores.some(score => Math.abs(score) < BOUND),
      `scores of the rounds: ${scores.join(', ')}`,
    )
  })
}

timingTest('the way times are compared notices a log-in that does not hash for unknown accounts', async t => {
  const leaky = new Passwords({
    cost: COST,
    compare: async (password, hash) => (hash.includes('.'.repeat(21)) ? false : bcrypt.compare(password, hash)),
  })
  const house = await quietHouse(t, leaky)
  const [login] = questions as [Question]
  const scores = await measure(house, login.ask, await knownPeople(house, PAIRS + 5))
  t.true(scores.length === ROUNDS && scores.every(score => score > BOUND), `scores of the rounds: ${scores.join(', ')}`)
})

test.serial('the score is that of the textbook, with and without ties', t => {
  t.is(rankScore([1, 2, 3], [1, 2, 3]), 0)
  t.is(rankScore([5, 5], [5, 5]), 0)
  const up = rankScore([19, 22, 16, 29, 24], [20, 11, 17, 12])
  t.true(Math.abs(up - 1.7146) < 0.001, String(up))
  t.is(rankScore([20, 11, 17, 12], [19, 22, 16, 29, 24]), -up)
})

test.serial('a log-in fails in one way, whatever is wrong', async t => {
  const house = await quietHouse(t)
  const admin = await house.account()
  const change = async (name: string, values: object): Promise<Person> => {
    const person = await house.colleague(admin, name)
    await house.database.table('users').where('id', person.userId).update(values)
    return person
  }
  const wrong = { password: 'not the right one' }
  const pending = await house.register()
  const attempts = {
    unknown: { email: unknownEmail(), ...wrong },
    'wrong password': { email: admin.email, ...wrong },
    'tenant without a licence': { email: pending.email, ...wrong },
    deactivated: { email: (await change('Gone', { active: false })).email, password: PASSWORD },
    'without a password': { email: (await change('Fed', { password_hash: null })).email, password: PASSWORD },
    'second factor': { email: (await change('Mfa', { mfa_enabled: true })).email, ...wrong },
  }
  const expected = shapeOf(await post(house, '/auth/login', attempts.unknown))
  t.like(expected, { status: 401 })
  for (const [why, body] of Object.entries(attempts)) {
    t.deepEqual(shapeOf(await post(house, '/auth/login', body)), expected, why)
  }
})

test.serial('who fails often is slowed down in the same way, whether there is an account or not', async t => {
  const house = await quietHouse(t)
  const { email } = await house.account()
  const statuses = async (address: string): Promise<number[]> => {
    const found: number[] = []
    for (let n = 0; n < 9; n++) {
      found.push((await post(house, '/auth/login', { email: address, password: 'not the right one' })).status)
    }
    return found
  }
  const known = await statuses(email)
  t.true(known.includes(401) && known.includes(429))
  t.deepEqual(known, await statuses(unknownEmail()))
})

/**
 * Rounds of pairs, a known account and an unknown one in an order that chance decides, until a round shows no difference.
 * @returns the score of each; above 0: known accounts take longer
 */
async function measure(
  house: AccessHouse,
  ask: Question['ask'],
  people: readonly { readonly email: string; readonly token: string }[],
): Promise<number[]> {
  const timed = async (email: string, token: string): Promise<number> => {
    const began = performance.now()
    const { status } = await ask(house, email, token)
    if (status === 429 || status >= 500) throw new Error(`answered ${status}`)
    return performance.now() - began
  }
  const warmUp = people.slice(PAIRS)
  for (const { email, token } of warmUp) {
    await timed(email, token)
    await timed(unknownEmail(), unknownToken())
  }
  const scores: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const known: number[] = []
    const unknown: number[] = []
    for (const { email, token } of people.slice(0, PAIRS)) {
      const first = Math.random() < 0.5
      if (first) known.push(await timed(email, token))
      unknown.push(await timed(unknownEmail(), unknownToken()))
      if (!first) known.push(await timed(email, token))
    }
    const score = rankScore(known, unknown)
    scores.push(score)
    if (Math.abs(score) < BOUND) break
  }
  return scores
}
