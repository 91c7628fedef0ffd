import test, { type ExecutionContext } from 'ava'
import type { Database } from '../../../db/database.ts'
import { Throttle } from '../../../kernel/access/throttle.ts'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import type { Problem } from '../../../kernel/errors.ts'
import { databaseFile, emptyDatabase, open, openAgain } from '../jobs/job-database.ts'
import { TestClock } from '../tenancy/tenancy-house.ts'

const ADA = 'ada@acme.example'

const refusal = (work: Promise<unknown>): Promise<Problem | undefined> =>
  work.then(
    () => undefined,
    (error: Problem) => error,
  )

async function house(t: ExecutionContext): Promise<{ throttle: Throttle; clock: TestClock; database: Database }> {
  const database = await emptyDatabase(t)
  const clock = new TestClock()
  return { database, clock, throttle: new Throttle({ database, now: clock.now }) }
}

/** Fails so often. */
async function fail(throttle: Throttle, times: number, address = '192.0.2.1'): Promise<void> {
  for (let i = 0; i < times; i++) await throttle.begin(ADA, address)
}

test('five failures are free, the sixth starts a pause, and each further one doubles it', async t => {
  const { throttle, clock } = await house(t)
  await fail(throttle, 6)
  for (const seconds of [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
    const refused = await refusal(throttle.begin(ADA, '198.51.100.7'))
    t.is(refused?.code, 'too_many_requests')
    t.is(refused?.headers?.['Retry-After'], String(seconds))
    clock.forward(seconds * 1000)
    await throttle.begin(ADA, '198.51.100.7')
  }
  t.is(await refusal(throttle.begin('bob@acme.example', '192.0.2.1')), undefined, 'others are not held up')
})

test('a quarter of an hour without an attempt, and all is forgotten', async t => {
  const { throttle, clock } = await house(t)
  await fail(throttle, 6)
  clock.forward(15 * 60_000)
  await fail(throttle, 6)
  t.is((await refusal(throttle.begin(ADA, '192.0.2.1')))?.headers?.['Retry-After'], '2')
})

test('attempts at the same moment do not slip through', async t => {
  const { throttle } = await house(t)
  const attempts = Array.from({ length: 50 }, () => refusal(throttle.begin(ADA, '192.0.2.1')))
  const letThrough = (await Promise.all(attempts)).filter(problem => problem === undefined)
  t.is(letThrough.length, 6)
})

test('two instances count together, also at the same moment, and a restart forgets nothing', async t => {
  const place = await databaseFile(t)
  const clock = new TestClock()
  const one = new Throttle({ database: await open(t, place), now: clock.now })
  const other = new Throttle({ database: await openAgain(t, place), now: clock.now })
  await one.begin(ADA, '192.0.2.1')
  await other.begin(ADA, '192.0.2.1')
  const attempts = Array.from({ length: 20 }, (_, i) => refusal((i % 2 ? one : other).begin(ADA, '192.0.2.1')))
  const letThrough = (await Promise.all(attempts)).filter(problem => problem === undefined)
  t.is(letThrough.length, 4)
  const third = new Throttle({ database: await openAgain(t, place), now: clock.now })
  t.is((await refusal(third.begin(ADA, '192.0.2.1')))?.code, 'too_many_requests')
})

test('what is right wipes the slate', async t => {
  const { throttle } = await house(t)
  for (let round = 0; round < 3; round++) {
    await fail(throttle, 4)
    await (await throttle.begin(ADA, '192.0.2.1')).succeeded()
  }
  t.pass()
})

test('an attempt that nobody looked at does not count, nor does its pause', async t => {
  const { throttle } = await house(t)
  await fail(throttle, 5)
  for (let i = 0; i < 5; i++) await (await throttle.begin(ADA, '192.0.2.1')).withdrawn()
  t.is(await refusal(throttle.begin(ADA, '192.0.2.1')), undefined)
})

test('many accounts from one address are slowed down as well; an IPv6 network counts as one', async t => {
  const { throttle } = await house(t)
  for (let i = 0; i < 101; i++) await throttle.begin(`user-${i}@acme.example`, `2001:db8::${i.toString(16)}`)
  t.is((await refusal(throttle.begin('next@acme.example', '2001:db8::ffff')))?.code, 'too_many_requests')
  t.is(await refusal(throttle.begin('next@acme.example', '2001:db8:0:1::1')), undefined)
})

test('right passwords do not count against an address', async t => {
  const { throttle } = await house(t)
  for (let i = 0; i < 150; i++) await (await throttle.begin(`user-${i}@acme.example`, '192.0.2.1')).succeeded()
  t.is(await refusal(throttle.begin('next@acme.example', '::ffff:192.0.2.1')), undefined)
})

test('who is refused for the address does not count against the account', async t => {
  const { throttle, clock } = await house(t)
  for (let i = 0; i < 101; i++) await throttle.begin(`user-${i}@acme.example`, '192.0.2.1')
  for (let i = 0; i < 10; i++) t.is((await refusal(throttle.begin(ADA, '192.0.2.1')))?.code, 'too_many_requests')
  clock.forward(1000)
  for (let i = 0; i < 5; i++) t.is(await refusal(throttle.begin(ADA, '198.51.100.7')), undefined)
})

test('a right password opens no way to more guesses at codes', async t => {
  const { throttle } = await house(t)
  for (let i = 0; i < 6; i++) {
    await throttle.begin('user-1', '192.0.2.1', 'code')
    await (await throttle.begin('user-1', '192.0.2.1')).succeeded()
  }
  t.is((await refusal(throttle.begin('user-1', '192.0.2.1', 'code')))?.code, 'too_many_requests')
})

test('rows tell neither accounts nor addresses, and go when their time is over', async t => {
  const { throttle, clock, database } = await house(t)
  await fail(throttle, 1)
  const names = (await database.knex('throttles').select('name')).map(row => row.name)
  t.is(names.length, 2)
  for (const name of names) t.regex(name, /^(password|address):[0-9a-f]{64}$/)
  const db = new PlatformDb(database, new Set())
  t.is(await throttle.prune(db), 0)
  clock.forward(15 * 60_000)
  t.is(await throttle.prune(db), 2)
})

test('where somebody makes too many rows, those go that hold up nobody', async t => {
  const { throttle, database } = await house(t)
  await fail(throttle, 6)
  for (let i = 0; i < 10; i++) await throttle.begin(`user-${i}@acme.example`, `192.0.2.${i}`)
  const db = new PlatformDb(database, new Set())
  t.is(await throttle.prune(db, 100), 0)
  t.true((await throttle.prune(db, 5)) >= 10)
  t.is((await refusal(throttle.begin(ADA, '198.51.100.7')))?.code, 'too_many_requests')
})
