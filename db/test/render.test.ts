import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { openSqlite } from '../dialects/sqlite.ts'
import { batchesOf } from '../flyway-script.ts'
import { migrate } from '../migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS, scriptsOf } from '../migration-files.ts'
import { renderMigrations } from '../render.ts'

const folder = scriptsOf(KERNEL_MIGRATIONS)
const scripts = readdirSync(folder).map(name => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }))

test('the committed T-SQL is what the migrations render to', async t => {
  t.deepEqual(await renderMigrations('check'), [], 'run: npm run migrations:render')
})

test('the contract names V1, V10 to V28', t => {
  const versions = findMigrations(KERNEL_MIGRATIONS).map(file => file.version)
  const contract = [1, ...Array.from({ length: 19 }, (_, index) => 10 + index)]
  t.deepEqual(versions.slice(0, 20), contract)
  t.true(scripts.some(({ name }) => name === 'V14__disable_tenant_rls.sql'))
})

test('no script holds what Flyway or Knex would replace', t => {
  for (const { name, text } of scripts) {
    t.false(text.includes('${'), `${name}: a placeholder of Flyway`)
    t.false(
      batchesOf(text).some(batch => /\bGO\b/.test(batch)),
      name,
    )
  }
})

test('what must be alone in its batch is', t => {
  const batches = scripts.flatMap(({ text }) => batchesOf(text))
  for (const batch of batches.filter(text => /CREATE (FUNCTION|SECURITY POLICY)/.test(text))) {
    const statement = batch.replace(/^(--.*\n)+/, '')
    t.regex(statement, /^CREATE (FUNCTION|SECURITY POLICY)/)
    t.is(statement.indexOf(';'), statement.length - 1)
  }
  t.is(batches.filter(text => /CREATE FUNCTION/.test(text)).length, 1)
})

test('row-level security covers every table that has a tenant', async t => {
  const database = await openSqlite({ filename: ':memory:' })
  t.teardown(() => database.close())
  await migrate(database, { migrations: findMigrations(KERNEL_MIGRATIONS) })
  const columns = (await database.knex.raw(
    "SELECT m.name AS name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'tenant_id'",
  )) as { name: string }[]

  const since = scripts.filter(({ name }) => Number(/^V(\d+)/.exec(name)?.[1]) >= 29).map(({ text }) => text)
  const secured = (kind: string) =>
    [...since.join('\n').matchAll(new RegExp(`ADD ${kind} PREDICATE \\S+ ON \\[dbo\\]\\.\\[(\\w+)\\]`, 'g'))].map(
      ([, table]) => table,
    )
  const tables = columns.map(({ name }) => name).sort()
  t.true(tables.length > 25)
  t.deepEqual(secured('FILTER').sort(), tables)
  t.deepEqual(secured('BLOCK').sort(), tables)
  t.regex(since.join('\n'), /WITH \(STATE = ON\)/)
})

test('rows of a tenant table are clustered by tenant and time', t => {
  const batches = scripts.flatMap(({ text }) => batchesOf(text))
  const assets = batches.filter(text => /CLUSTERED/.test(text) && text.includes('[assets]'))
  t.deepEqual(assets, [
    'CREATE UNIQUE CLUSTERED INDEX [assets_tenant_id_created_at_id_index] ON [assets] ([tenant_id], [created_at], [id]);',
    'ALTER TABLE [assets] ADD CONSTRAINT [assets_pkey] PRIMARY KEY NONCLUSTERED ([id]);',
  ])
})
