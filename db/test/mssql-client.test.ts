import test from 'ava'
import { SESSION_PREFIX, withSession } from '../dialects/mssql-client.ts'
import { recordingServer } from './recording-server.ts'

const tenantId = '0190a0b0-0000-7000-8000-000000000001'

test("a tenant's batch sets the session context before the query, in one request", async t => {
  const { knex, sent } = recordingServer()
  await withSession(knex, { tenantId })('assets').where({ name: 'PLC' })
  t.is(sent.length, 1)
  t.is(sent[0]?.sql, `${SESSION_PREFIX}select * from [assets] where [name] = @p0`)
  t.deepEqual(sent[0]?.parameters, {
    session_tenant: { type: 'UniqueIdentifier', value: tenantId },
    session_platform: { type: 'Int', value: null },
    p0: { type: 'NVarChar', value: 'PLC' },
  })
  await knex.destroy()
})

test('platform work says so and clears the tenant', async t => {
  const { knex, sent } = recordingServer()
  await withSession(knex, 'platform')('tenants')
  t.is(sent[0]?.parameters.session_tenant?.value, null)
  t.is(sent[0]?.parameters.session_platform?.value, 1)
  await knex.destroy()
})

test('without a session a batch sees nobody', async t => {
  const { knex, sent } = recordingServer()
  await knex('assets')
  t.is(sent[0]?.parameters.session_tenant?.value, null)
  t.is(sent[0]?.parameters.session_platform?.value, null)
  await knex.destroy()
})

test('a transaction, and one inside it, keep the session', async t => {
  const { knex, sent, events } = recordingServer()
  await withSession(knex, { tenantId }).transaction(async trx => {
    await trx('assets').insert({ name: 'a' })
    await trx('sites').select('id')
  })
  t.deepEqual(
    sent.map(batch => batch.parameters.session_tenant?.value),
    [tenantId, tenantId],
  )
  t.deepEqual(events, ['begin 1', 'sql 1', 'sql 1', 'commit 1'])
  await knex.destroy()
})

test('a transaction whose work fails is rolled back', async t => {
  const { knex, events } = recordingServer(() => {
    throw new Error('no')
  })
  await t.throwsAsync(
    withSession(knex, 'platform').transaction(trx => trx('assets').select()),
    { message: /no/ },
  )
  t.deepEqual(events, ['begin 1', 'sql 1', 'rollback 1'])
  await knex.destroy()
})

test('a connection that is still in a transaction is closed instead of lent to the next', async t => {
  const { knex, events } = recordingServer()
  const trx = await knex.transaction()
  const connection = await trx.client.acquireConnection()
  await knex.client.releaseConnection(connection)
  await knex('assets').select('id')
  t.deepEqual(events, ['begin 1', 'close 1', 'sql 2'])
  await knex.destroy()
})

test('sessions share one pool and do not mix', async t => {
  const { knex, sent } = recordingServer()
  const ids = Array.from({ length: 8 }, (_, index) => `0190a0b0-0000-7000-8000-00000000000${index}`)
  await Promise.all(ids.map(id => withSession(knex, { tenantId: id })('assets').where({ id })))
  t.true(sent.every(batch => batch.parameters.session_tenant?.value === batch.parameters.p0?.value))
  t.true(Math.max(...sent.map(batch => batch.connection)) <= 4)
  await knex.destroy()
})

test('queries of one transaction stay on its connection, also when none waits for the other', async t => {
  const { knex, sent } = recordingServer()
  const work = (name: string) =>
    knex.transaction(trx => Promise.all([trx(name).select('id'), trx(name).select('id'), trx(name).select('id')]))
  await Promise.all([work('a'), work('b')])
  const connectionsOf = (name: string) =>
    new Set(sent.filter(({ sql }) => sql.includes(`[${name}]`)).map(({ connection }) => connection))
  t.is(connectionsOf('a').size, 1)
  t.is(connectionsOf('b').size, 1)
  await knex.destroy()
})

test('times come as ISO text, bigints as numbers, and the number of changed rows from the last result', async t => {
  const { knex } = recordingServer(({ sql }) =>
    sql.includes('@@rowcount')
      ? [[['', 'Int', 3]]]
      : [
          [
            ['created_at', 'DateTime2', new Date('2026-01-02T03:04:05.678Z')],
            ['seq', 'BigInt', '9007199254740991'],
            ['huge', 'IntN', '9223372036854775807'],
            ['name', 'NVarChar', '42'],
          ],
        ],
  )
  t.deepEqual(await knex('assets').first(), {
    created_at: '2026-01-02T03:04:05.678Z',
    seq: 9007199254740991,
    huge: 9223372036854775807n,
    name: '42',
  })
  t.deepEqual(await knex('assets').pluck('name'), ['42'])
  t.is(await knex('assets').update({ name: 'x' }), 3)
  t.is(await knex('assets').del(), 3)
  await knex.destroy()
})

test('rows can be streamed', async t => {
  const { knex } = recordingServer(() => [[['n', 'Int', 1]], [['n', 'Int', 2]]])
  const rows: unknown[] = []
  for await (const row of knex('assets').stream()) rows.push(row)
  t.deepEqual(rows, [{ n: 1 }, { n: 2 }])
  await knex.destroy()
})
