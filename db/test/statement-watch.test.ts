import test from 'ava'
import type { Database, StatementObserver } from '../database.ts'
import { withSession } from '../dialects/mssql-client.ts'
import { openSqlite } from '../dialects/sqlite.ts'
import { recordingServer } from './recording-server.ts'
import { temporaryFile } from './temporary-file.ts'

/** Writes down each statement, and whether it went well. */
function watcher() {
  const seen: string[] = []
  const observer: StatementObserver = {
    async statement(sql, run) {
      try {
        const answer = await run()
        seen.push(sql)
        return answer
      } catch (error) {
        seen.push(`failed: ${sql}`)
        throw error
      }
    },
  }
  return { seen, observer }
}

const select = { sql: 'SELECT 1 AS one', method: 'select' } as const

async function useAll(database: Database): Promise<void> {
  await database.knex.raw('CREATE TABLE things (id INTEGER)')
  await database.knex('things').insert({ id: 1 })
  await database.read(select, [])
  await database.transaction(undefined, async trx => {
    await trx('things').where({ id: 1 }).update({ id: 2 })
    await database.runIn(trx, select, [])
  })
  await database.knex('nothing').catch(() => undefined)
}

const all = [
  'CREATE TABLE things (id INTEGER)',
  'insert into `things` (`id`) values (?)',
  'SELECT 1 AS one',
  'update `things` set `id` = ? where `id` = ?',
  'SELECT 1 AS one',
  'failed: select * from `nothing`',
]

for (const place of ['in memory', 'in a file']) {
  test(`SQLite ${place}: whatever way a statement goes, it is seen once`, async t => {
    const filename = place === 'in memory' ? ':memory:' : temporaryFile(t)
    const database = await openSqlite({ filename })
    const { seen, observer } = watcher()
    database.observe?.(observer)
    await useAll(database)
    t.deepEqual(seen, all)
    const second = watcher()
    database.observe?.(second.observer)
    await database.read(select, [])
    t.deepEqual([seen.length, second.seen], [all.length + 1, [select.sql]])
    t.deepEqual(database.pools?.(), [{ name: 'writer', used: 0, idle: 1, waiting: 0, max: 1 }])
    await database.close()
  })
}

test('SQL Server: statements of every session and transaction are seen, also those that are streamed', async t => {
  const { knex } = recordingServer()
  const { seen, observer } = watcher()
  const watch: { observer: StatementObserver | undefined } = { observer: undefined }
  Object.assign(knex.client.config, { watch })
  const session = withSession(knex, { tenantId: '0190a0b0-0000-7000-8000-000000000001' })
  watch.observer = observer
  await session('assets').select('id')
  await session.transaction(async trx => {
    await trx('assets').where({ id: 'a' }).delete()
  })
  for await (const _row of session('sites').stream()) t.fail()
  t.deepEqual(seen, [
    'select [id] from [assets]',
    'delete from [assets] where [id] = @p0;select @@rowcount',
    'select * from [sites]',
  ])
  await knex.destroy()
})
