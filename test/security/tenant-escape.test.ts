import test from 'ava'
import type { Knex } from 'knex'
import { newId, prepare, type TenantDb } from '../../kernel/contract.ts'
import { NOW, site, type TwoTenants, twoTenants } from '../kernel/data/two-tenants.ts'

/** Gives each tenant a user called "same", so that a join by name meets the other tenant's row. */
async function withUsers(t: Parameters<typeof twoTenants>[0]): Promise<TwoTenants> {
  const house = await twoTenants(t)
  for (const db of [house.a, house.b]) {
    const id = newId()
    const email = `${id}@example.com`
    await db.table('users').insert({ id, email, email_key: email, name: 'same', created_at: NOW, updated_at: NOW })
    await db.table('sites').update({ location: 'same' })
  }
  return house
}

type Join = (db: TenantDb) => Knex.QueryBuilder

const kept: Readonly<Record<string, Join>> = {
  'a join by a value that is not an id': db => db.table('sites').join('users', 'users.name', 'sites.location'),
  'a left join': db => db.table('sites').leftJoin('users', 'users.name', 'sites.location'),
  'a join under another name': db => db.table('sites').join('users as u', 'u.name', 'sites.location'),
  'a join on either of two conditions': db =>
    db.table('sites').join('users', on => {
      on.on('users.name', 'sites.name').orOn('users.name', 'sites.location')
    }),
  'a join with what table() makes': db =>
    db.table('sites').join(db.table('users').as('own'), 'own.name', 'sites.location'),
  'a clone of a join': db => db.table('sites').join('users', 'users.name', 'sites.location').clone(),
}

for (const [what, query] of Object.entries(kept)) {
  test(`${what} meets the rows of its tenant alone`, async t => {
    const { a, b } = await withUsers(t)
    for (const db of [a, b]) {
      const join = query(db).select('sites.name')
      t.is((await join).length, 2)
      t.is((await join).length, 2, 'compiled again')
    }
  })
}

test('a prepared join meets the rows of the tenant that runs it', async t => {
  const { a, b } = await withUsers(t)
  const joined = prepare<object, { id: string }>(from =>
    from.table('sites').join('users', 'users.name', 'sites.location').select('users.id'),
  )
  for (const db of [a, b]) {
    const { id } = (await db.table('users').first('id')) as { id: string }
    t.deepEqual(
      (await db.all(joined, {})).map(row => row.id),
      [id, id],
    )
  }
})

test('a table that belongs to no tenant is joined as it is', async t => {
  const { a } = await withUsers(t)
  const { sql } = a.table('sites').leftJoin('cve_catalog', 'cve_catalog.cve_id', 'sites.location').toSQL()
  t.false(sql.includes('`cve_catalog`.`tenant_id`'))
})

const refused: Readonly<Record<string, (house: TwoTenants) => Knex.QueryBuilder>> = {
  'a cross join': ({ a }) => a.table('sites').crossJoin('users', undefined as never),
  'a join in SQL': ({ a }) => a.table('sites').joinRaw('join users on 1 = 1'),
  'a join using columns': ({ a }) => a.table('sites').join('users', on => void on.using('name')),
  'a join with a query of its own': ({ a, database }) =>
    a.table('sites').join(database.knex('users').as('all'), 'all.name', 'sites.location'),
  "a join with another tenant's query": ({ a, b }) =>
    a.table('sites').join(b.table('users').as('theirs'), 'theirs.name', 'sites.location'),
  'a column that is a query of its own': ({ a, database }) =>
    a.table('sites').select(database.knex('users').count('*').as('everybody')),
  'a named column that is a query of its own': ({ a, database }) =>
    a.table('sites').select({ everybody: database.knex('users').count('*') as never }),
  'a row with the tenant in capitals': ({ a, b }) =>
    a.table('sites').insert({ ...site('x'), TENANT_ID: b.tenantId }) as never,
  'raw SQL that closes the brackets around it': ({ a }) => a.table('sites').whereRaw('1 = 1) or (1 = 1'),
  'such SQL in brackets of its own': ({ a }) =>
    a.table('sites').where(nested => nested.where(deeper => deeper.whereRaw('1 = 1))) or (((1 = 1'))),
  'such SQL as a value': ({ a, database }) => a.table('sites').where('name', database.knex.raw("'x') or (1 = 1")),
  'such SQL inside other raw SQL': ({ a, database }) =>
    a.table('sites').whereRaw('?', [database.knex.raw('1 = 1) or (1 = 1')]),
  'such SQL in a query inside': ({ a }) =>
    a.table('sites').whereExists(query => query.select('id').from('users').whereRaw('1 = 1)) or ((1 = 1')),
  'such SQL in a query inside, made elsewhere': ({ a, database }) =>
    a.table('sites').whereIn('id', database.knex('users').select('id').whereRaw('1 = 1)) or ((1 = 1')),
  'such SQL in a join': ({ a, database }) =>
    a.table('sites').join('users', on => void on.on(database.knex.raw('1 = 1) or (1 = 1') as never)),
  'such SQL in an update': ({ a, database }) =>
    a.table('sites').update({ location: database.knex.raw("'x' --") }) as never,
  'such SQL in a row': ({ a, database }) =>
    a.table('sites').insert({ ...site('x'), location: database.knex.raw("'x'), ('y'") as never }) as never,
  'raw SQL that comments out the rest': ({ a }) => a.table('sites').whereRaw('1 = 1) or 1 = 1 --'),
  'raw SQL with a quote that it does not close': ({ a }) => a.table('sites').whereRaw("name = 'x"),
  'raw SQL with a second statement': ({ a }) => a.table('sites').orderByRaw('name; delete from users'),
  "a tenant's table joined to one without a tenant": ({ a }) =>
    a.shared('cve_catalog').rightJoin('sites', 'sites.name', 'cve_catalog.cve_id'),
  'a table without a tenant that turns to another': ({ a }) => a.shared('cve_catalog').from('sites').select('*'),
  'a clone of it': ({ a }) => a.shared('cve_catalog').clone().from('sites').select('*'),
  'an insert into a table without a tenant': ({ a }) =>
    a.shared('cve_catalog').insert({ cve_id: 'CVE-2026-1' }) as never,
  'an update of a table without a tenant': ({ a }) => a.shared('cve_catalog').update({ status: 'x' }) as never,
  'a delete from a table without a tenant': ({ a }) => a.shared('cve_catalog').delete() as never,
  'a truncate of a table without a tenant': ({ a }) => a.shared('cve_catalog').truncate() as never,
  'a common table expression': ({ a, database }) =>
    a.table('sites').with('all_users', database.knex('users').select('*')).select('*'),
}

for (const [what, query] of Object.entries(refused)) {
  test(`${what} is refused`, async t => {
    const house = await withUsers(t)
    await t.throwsAsync(async () => query(house), { name: 'TenantEscape' })
  })
}

test('a prepared write to a table without a tenant is refused', async t => {
  const { a } = await twoTenants(t)
  const write = prepare<object, object>(from => from.shared('cve_catalog').update({ status: 'x' }) as never)
  await t.throwsAsync(async () => a.all(write, {}), { name: 'TenantEscape', message: /only reads it/ })
})

test('raw SQL that closes what it opens is taken', async t => {
  const { a, database } = await withUsers(t)
  const names = async (query: Knex.QueryBuilder) => (await query).map((row: { name: string }) => row.name).toSorted()
  const sites = () => a.table('sites').select('name')
  t.deepEqual(await names(sites().whereRaw("(name = 'a1') or (name = ')--;')")), ['a1'])
  t.deepEqual(await names(sites().where(q => q.whereRaw('lower(name) in (?, ?)', ['a1', 'b1']))), ['a1'])
  t.deepEqual(await names(sites().where('name', database.knex.raw("lower('A2')"))), ['a2'])
  t.deepEqual(await names(sites().whereRaw("?? like ? escape '\\'", ['name', 'a%']).orderByRaw('lower(name)')), [
    'a1',
    'a2',
  ])
})

test('a table without a tenant is read with what it belongs to', async t => {
  const { a, b, platform } = await withUsers(t)
  await platform
    .table('cve_catalog')
    .insert({ cve_id: 'same', status: 'x', description: '', published: NOW, last_modified: NOW })
  for (const db of [a, b]) {
    const joined = db
      .shared('cve_catalog')
      .join(db.table('sites').as('own'), 'own.location', 'cve_catalog.cve_id')
      .select('own.name')
    t.is((await joined).length, 2)
  }
})
