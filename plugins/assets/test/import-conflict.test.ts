import test from 'ava'
import { counts, faults, withPlant } from './plant.ts'

/** Makes SQLite refuse what SQL Server's collation does: keys that differ only in case. */
const CASELESS_KEYS = 'CREATE UNIQUE INDEX caseless ON assets (tenant_id, external_key COLLATE NOCASE)'

test(
  'a row that the database refuses costs no other row',
  withPlant(async (t, { kernel, importCsv, user }) => {
    const { database } = kernel.kernel.runtime
    if (database.dialect.name === 'sqlite') await database.knex.raw(CASELESS_KEYS)
    await user.post('/assets', { name: 'Manual', type: 'plc', external_key: 'k-700' })
    const rows = Array.from({ length: 900 }, (_, i) => `K-${i},Asset ${i},plc,cpe:2.3:a:apache:log4j:2.14.1`)
    const answer = await importCsv(`key,name,type,cpe\n${rows.join('\n')}\nk-5,Twice,plc,\n`)
    t.is(counts(answer), '200: 899 created, 0 updated, 0 unchanged, 2 failed')
    t.deepEqual(faults(answer), ['702: external_key: another asset has it', '902: external_key: another asset has it'])

    const created = (await kernel.audit('a')).filter(({ action }) => action === 'asset.created')
    t.is(created.length, 900)
    t.is(new Set(created.map(({ resource_id }) => resource_id)).size, 900)
    t.is((await database.knex('asset_cpes').countDistinct({ n: 'asset_id' }))[0]?.n, 899)
  }),
)

test(
  'a row that would give an asset the key of another one is refused, in a dry run as well',
  withPlant(async (t, { importCsv, user }) => {
    await user.post('/assets', { name: 'A', type: 'plc', external_key: 'K-1' })
    const { body } = await user.post('/assets', { name: 'B', type: 'plc' })
    const csv = `id,key,name,type\n${body.id},K-1,B,plc\n`
    for (const query of ['?dry_run=true', '']) {
      t.deepEqual(faults(await importCsv(csv, query)), ['2: external_key: another asset has "K-1"'])
    }
  }),
)

test(
  'an id finds the asset of an export under a new name, and is nothing to another tenant',
  withPlant(async (t, { importCsv, user, kernel }) => {
    const { body } = await user.post('/assets', { name: 'A', type: 'plc' })
    t.is(
      counts(await importCsv(`id,name,type\n${body.id.toUpperCase()},B,plc\n`)),
      '200: 0 created, 1 updated, 0 unchanged, 0 failed',
    )
    t.is((await user.get(`/assets/${body.id}`)).body.name, 'B')
    const other = await kernel.as('b')
    const csv = { 'content-type': 'text/csv' }
    const made = await other.request('POST', '/assets/import', `id,name,type\n${body.id},B,plc\n`, csv)
    t.is(counts(made), '200: 1 created, 0 updated, 0 unchanged, 0 failed')
    t.not(made.body.rows[0].id, body.id)
    t.deepEqual(faults(await importCsv('id,name,type\n17,B,plc\n')), [
      '2: id: is not an id of ours; a key of another system is an external_key',
    ])
  }),
)
