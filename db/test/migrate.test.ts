import test, { type ExecutionContext } from 'ava'
import { bareDatabase } from '../../kernel/testing/test-database.ts'
import type { Database } from '../database.ts'
import { MigrationError, migrate } from '../migrate.ts'
import { migration, type SchemaSteps } from '../migration.ts'
import { findMigrations, KERNEL_MIGRATIONS, type MigrationFile } from '../migration-files.ts'

const kernel = findMigrations(KERNEL_MIGRATIONS)
const names = (files: readonly MigrationFile[]) => files.map(file => file.script)

function madeUp(version: number, up: (schema: SchemaSteps) => void): MigrationFile {
  const script = `V${version}__made_up.sql`
  return { version, description: 'made up', script, rendered: () => undefined, load: async () => migration(up) }
}

const things = madeUp(1, schema =>
  schema.table('things', table => {
    table.uuid('id')
    table.primary(['id'])
  }),
)

async function open(t: ExecutionContext): Promise<Database> {
  const database = await bareDatabase()
  t.teardown(() => database.close())
  return database
}

async function tables({ dialect, knex }: Database): Promise<string[]> {
  const names = dialect.name === 'mssql' ? knex('sys.tables') : knex('sqlite_master').where({ type: 'table' })
  const rows = await names.select('name').orderBy('name')
  return rows.map(({ name }) => String(name))
}

/** SQL Server checks them when they are made. */
const brokenReferences = async ({ dialect, knex }: Database): Promise<unknown> =>
  dialect.name === 'mssql' ? [] : knex.raw('PRAGMA foreign_key_check')

const history = (database: Database) => database.knex('flyway_schema_history').orderBy('installed_rank')

test('an empty database gets every version, and the history that Flyway expects', async t => {
  const database = await open(t)
  const lines: string[] = []
  const { applied } = await migrate(database, { migrations: kernel, log: line => lines.push(line) })
  t.deepEqual(applied, names(kernel))
  t.is(lines.length, kernel.length + 1)

  const rows = await history(database)
  t.deepEqual(
    rows.map(row => row.installed_rank),
    kernel.map((_, index) => index + 1),
  )
  const { installed_on, execution_time, checksum, ...first } = rows[0]
  t.deepEqual(first, {
    installed_rank: 1,
    version: '1',
    description: 'base schema',
    type: 'SQL',
    script: 'V1__base_schema.sql',
    installed_by: 'monozu-cloud-backend',
    success: database.dialect.name === 'mssql' ? true : 1,
  })
  t.true(Number.isInteger(checksum) && Number.isInteger(execution_time))
  t.regex(installed_on, /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3}Z?$/)
  t.deepEqual(await brokenReferences(database), [])
})

test('a second run applies nothing', async t => {
  const database = await open(t)
  await migrate(database, { migrations: kernel })
  t.deepEqual(await migrate(database, { migrations: kernel }), { applied: [] })
})

test('two runs at once take turns', async t => {
  const database = await open(t)
  const runs = await Promise.all([1, 2].map(() => migrate(database, { migrations: kernel })))
  t.deepEqual(
    runs.map(run => run.applied.length),
    [kernel.length, 0],
  )
  t.is((await history(database)).length, kernel.length)
})

test('a migration that fails half-way leaves nothing, and those before it stay', async t => {
  const database = await open(t)
  const broken = madeUp(2, schema => {
    schema.table('halves', table => table.sequence('id'))
    schema.sql('INSERT INTO nowhere (id) VALUES (1)')
  })
  await t.throwsAsync(migrate(database, { migrations: [things, broken] }), { message: /nowhere/ })
  t.true((await tables(database)).includes('things'))
  t.false((await tables(database)).includes('halves'))
  t.deepEqual(
    (await history(database)).map(row => row.version),
    ['1'],
  )

  const mended = madeUp(2, schema =>
    schema.sql("INSERT INTO things (id) VALUES ('00000000-0000-7000-8000-000000000001')"),
  )
  t.deepEqual((await migrate(database, { migrations: [things, mended] })).applied, ['V2__made_up.sql'])
})

test('a script that changed after it was applied is refused by name', async t => {
  const database = await open(t)
  await migrate(database, { migrations: [things] })
  const edited = madeUp(1, schema => schema.table('others', table => table.sequence('id')))
  const error = await t.throwsAsync(migrate(database, { migrations: [edited] }), { instanceOf: MigrationError })
  t.regex(error.message, /^V1__made_up\.sql was changed after it was applied/)
  t.false((await tables(database)).includes('others'))
})

test('a database to which a newer program has only added is accepted, and told', async t => {
  const database = await open(t)
  await migrate(database, { migrations: [things, madeUp(7, () => undefined)] })
  const lines: string[] = []
  const { applied } = await migrate(database, { migrations: [things], log: line => lines.push(line) })
  t.deepEqual(applied, [])
  t.deepEqual(lines, ['the database is ahead of this program by V7__made_up.sql, which only add to it'])
})

test('a database from which a newer program has taken something away is refused', async t => {
  const database = await open(t)
  const contract = { ...madeUp(7, () => undefined), script: 'V7__contract_made_up.sql' }
  await migrate(database, { migrations: [things, madeUp(6, () => undefined), contract] })
  const error = await t.throwsAsync(migrate(database, { migrations: [things] }), { instanceOf: MigrationError })
  t.regex(error.message, /at version 7 .* knows version 1 as the newest/)
})

test('an applied script whose file is gone is refused', async t => {
  const database = await open(t)
  const last = madeUp(3, () => undefined)
  await migrate(database, { migrations: [things, madeUp(2, () => undefined), last] })
  const error = await t.throwsAsync(migrate(database, { migrations: [things, last] }), { instanceOf: MigrationError })
  t.regex(error.message, /V2__made_up\.sql was applied .* Put its file back/)
})

test('a version below the newest applied one is refused', async t => {
  const database = await open(t)
  const third = madeUp(3, () => undefined)
  await migrate(database, { migrations: [things, third] })
  const late = madeUp(2, () => undefined)
  const error = await t.throwsAsync(migrate(database, { migrations: [things, late, third] }))
  t.regex(error?.message ?? '', /V2__made_up\.sql was not applied, but version 3 already is/)
})

test('a failed row that Flyway left is refused with what to do', async t => {
  const database = await open(t)
  await migrate(database, { migrations: [things] })
  await database.knex('flyway_schema_history').update({ success: false })
  const error = await t.throwsAsync(migrate(database, { migrations: [things] }), { instanceOf: MigrationError })
  t.regex(error.message, /V1__made_up\.sql failed on .* "flyway repair"/)
})

test("a plugin's history is apart from the kernel's", async t => {
  const database = await open(t)
  await migrate(database, { migrations: kernel })
  t.deepEqual((await migrate(database, { migrations: [things], owner: 'cve-feed' })).applied, ['V1__made_up.sql'])
  t.is((await history(database)).length, kernel.length)
  t.is((await database.knex('cve-feed_schema_history')).length, 1)
})
