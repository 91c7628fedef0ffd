import test from 'ava'
import { mssqlDialect, openMssql } from '../dialects/mssql.ts'
import { withSession } from '../dialects/mssql-client.ts'
import { holdingLock } from '../dialects/mssql-lock.ts'
import { recordingServer, type SentBatch } from './recording-server.ts'

const answering = (result: number) =>
  recordingServer(({ sql }: SentBatch) => (sql.includes('sp_getapplock') ? [[['result', 'Int', result]]] : []))

test('the lock is taken and given back on one connection, around the work on another', async t => {
  const { knex, sent } = answering(0)
  const platform = withSession(knex, 'platform')
  const answer = await holdingLock(platform, 'migrate', 1000, async () => {
    await platform('tenants').select('id')
    return 'done'
  })
  t.is(answer, 'done')
  t.deepEqual(
    sent.map(({ sql, connection }) => [/sp_\w+applock|select/.exec(sql)?.[0], connection]),
    [
      ['sp_getapplock', 1],
      ['select', 2],
      ['sp_releaseapplock', 1],
    ],
  )
  t.is(sent[0]?.parameters.p0?.value, 'migrate')
  await knex.destroy()
})

test('the lock is given back when the work fails', async t => {
  const { knex, sent } = answering(1)
  await t.throwsAsync(
    holdingLock(knex, 'migrate', 1000, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  )
  t.regex(sent.at(-1)?.sql ?? '', /sp_releaseapplock/)
  await knex.destroy()
})

test('a lock that stays taken, or is refused, is an error and runs nothing', async t => {
  for (const [result, message] of [
    [-1, /lock "migrate" was not free within 0 ms/],
    [-3, /lock "migrate" was refused \(sp_getapplock -3\)/],
  ] as const) {
    const { knex, sent } = answering(result)
    await t.throwsAsync(
      holdingLock(knex, 'migrate', 0, async () => t.fail()),
      { message },
    )
    t.is(sent.length, 1)
    await knex.destroy()
  }
})

test('a connection that cannot give the lock back is closed', async t => {
  const { knex, events } = recordingServer(({ sql }) => {
    if (sql.includes('sp_releaseapplock')) throw new Error('connection lost')
    return [[['result', 'Int', 0]]]
  })
  t.is(await holdingLock(knex, 'migrate', 1000, async () => 1), 1)
  t.true(events.includes('close 1'))
  await knex.destroy()
})

test('a server is opened without connecting, with one Knex for each tenant', async t => {
  const database = await openMssql({ DATABASE_URL: 'sqlserver://sa:x@localhost:1?database=d' })
  t.is(database.dialect.name, 'mssql')
  t.is(database.forTenant('a'), database.forTenant('a'))
  t.not(database.forTenant('a'), database.forTenant('b'))
  await database.close()
})

test('a turn is a lock of the transaction; one that stays taken passes by itself', async t => {
  const { knex, sent } = answering(0)
  await knex.transaction(trx => mssqlDialect.takeTurn(trx, 'tenant import'))
  t.regex(sent[0]?.sql ?? '', /@LockOwner = N'Transaction'/)
  t.is(sent[0]?.parameters.p0?.value, 'tenant import')
  await knex.destroy()
  const taken = answering(-1)
  const error = await t.throwsAsync(mssqlDialect.takeTurn(taken.knex, 'tenant import'))
  t.true(mssqlDialect.isTransient(error))
  await taken.knex.destroy()
})
