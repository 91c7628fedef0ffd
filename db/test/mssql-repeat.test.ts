import test from 'ava'
import { openMssql } from '../dialects/mssql.ts'
import { repeated } from '../dialects/mssql-repeat.ts'

const throttled = () => Object.assign(new Error('the service is busy'), { number: 40501 })

test('what fails for a passing reason is tried again', async t => {
  let runs = 0
  const answer = await repeated(async () => {
    runs += 1
    if (runs === 1) throw throttled()
    return 'done'
  })
  t.is(answer, 'done')
  t.is(runs, 2)
})

test('what fails for good, or may not run again, is thrown at once', async t => {
  let runs = 0
  const failing = (error: Error) => async (): Promise<never> => {
    runs += 1
    throw error
  }
  await t.throwsAsync(repeated(failing(Object.assign(new Error('twice'), { number: 2627 }))), { message: 'twice' })
  await t.throwsAsync(
    repeated(failing(throttled()), () => false),
    { message: /busy/ },
  )
  t.is(runs, 2)
})

test('platform work has connections of its own when it has a login of its own', async t => {
  const url = 'sqlserver://a:b@localhost:1?database=d'
  const one = await openMssql({ DATABASE_URL: url })
  const two = await openMssql({ DATABASE_URL: url, DATABASE_URL_PLATFORM_ADMIN: url.replace('a:b', 'admin:c') })
  t.deepEqual(
    [one, two].map(database => database.pools?.().map(({ name, max }) => `${name} ${max}`)),
    [['all 20'], ['tenants 20', 'platform 20']],
  )
  await one.close()
  await two.close()
})
