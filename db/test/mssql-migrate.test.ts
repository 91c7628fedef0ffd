import test from 'ava'
import type { Database } from '../database.ts'
import { mssqlDialect } from '../dialects/mssql.ts'
import { SESSION_PREFIX, withSession } from '../dialects/mssql-client.ts'
import { batchesOf } from '../flyway-script.ts'
import { migrate } from '../migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS } from '../migration-files.ts'
import { recordingServer } from './recording-server.ts'

test('on SQL Server the committed batches run as they are, each version in a transaction with its row', async t => {
  const { knex, sent, events } = recordingServer(({ sql }) => (sql.includes('max(') ? [[['rank', 'Int', null]]] : []))
  const platform = withSession(knex, 'platform')
  const database = {
    dialect: mssqlDialect,
    transaction: (_tenantId, work) => platform.transaction(work),
    exclusively: (_name, _timeoutMs, work) => work(),
  } as Database
  const migrations = findMigrations(KERNEL_MIGRATIONS)

  await migrate(database, { migrations })

  const batches = sent.filter(({ sql }) => sql === `${SESSION_PREFIX}EXEC sys.sp_executesql @p0`)
  t.deepEqual(
    batches.map(({ parameters }) => parameters.p0?.value),
    migrations.flatMap(file => [...batchesOf(file.rendered() ?? '')]),
  )
  t.is(events.filter(event => event.startsWith('commit')).length, migrations.length + 1)
  const rows = sent.filter(({ sql }) => sql.includes('insert into [flyway_schema_history]'))
  t.is(rows.length, migrations.length)
  await knex.destroy()
})
