import test from 'ava'
import type { Knex } from 'knex'
import { newId, prepare } from '../../../kernel/contract.ts'
import { NOW, site, type TwoTenants, twoTenants } from './two-tenants.ts'

const namesOf = (rows: readonly { name: string }[]): string[] => rows.map(({ name }) => name).toSorted()

test('a query sees the rows of its tenant alone', async t => {
  const { a, b } = await twoTenants(t)
  t.deepEqual(namesOf(await a.table('sites').select('name')), ['a1', 'a2'])
  t.deepEqual(namesOf(await b.table('sites')), ['b1', 'b2'])
  t.is((await a.table('sites').first('name').where('name', 'b1')) ?? null, null)
  t.deepEqual(await a.table('sites').pluck('name').orderBy('name'), ['a1', 'a2'])
  t.deepEqual(await a.table('sites').count({ total: '*' }), [{ total: 2 }])
})

const widening: Readonly<Record<string, (query: Knex.QueryBuilder) => Knex.QueryBuilder>> = {
  orWhere: query => query.where('name', 'a1').orWhere('name', 'like', '%'),
  orWhereRaw: query => query.where('name', 'a1').orWhereRaw('1 = 1'),
  'orWhere first': query => query.orWhereRaw('1 = 1'),
  whereRaw: query => query.whereRaw('1 = 1 OR 1 = 1'),
  whereNot: query => query.whereNot('name', 'nobody').orWhereNot('name', 'nobody'),
  clearWhere: query => query.clearWhere(),
  "clear('where')": query => query.clear('where'),
  clone: query => query.clone().clearWhere(),
  'clone of a clone': query => query.clone().clone().orWhereRaw('1 = 1'),
  'named tenant': query => query.orWhereNotNull('tenant_id'),
  having: query => query.groupBy('name', 'sites.id').having('name', 'like', '%').orHavingRaw('1 = 1'),
}

for (const [what, widen] of Object.entries(widening)) {
  test(`${what} does not widen a query beyond its tenant`, async t => {
    const { a } = await twoTenants(t)
    for (const name of namesOf(await widen(a.table('sites').select('name')))) t.true(name.startsWith('a'), name)
  })
}

test('updates and deletes stay within the tenant, however wide they are', async t => {
  const house = await twoTenants(t)
  t.is(await house.a.table('sites').where('name', 'b1').update({ location: 'x' }), 0)
  t.is(await house.a.table('sites').orWhereRaw('1 = 1').update({ location: 'x' }), 2)
  t.is(await house.a.table('sites').orWhereRaw('1 = 1').delete(), 2)
  t.deepEqual(await house.sites(house.a), [])
  t.deepEqual(await house.sites(house.b), ['b1', 'b2'])
  t.is((await house.database.knex('sites').whereNotNull('location')).length, 0)
})

test('an inserted row gets the tenant; one that names another is refused', async t => {
  const house = await twoTenants(t)
  const { a, b } = house
  await a.table('sites').insert(site('new'))
  await a.table('sites').insert([site('own', { tenant_id: a.tenantId }), site('more')])
  t.deepEqual(await house.sites(a), ['a1', 'a2', 'more', 'new', 'own'])
  const foreign = a.table('sites').insert([site('x'), site('y', { tenant_id: b.tenantId })])
  await t.throwsAsync(async () => foreign, { name: 'TenantEscape', message: /must not name another tenant/ })
  t.deepEqual(await house.sites(b), ['b1', 'b2'])
})

const refused: Readonly<Record<string, (house: TwoTenants) => Knex.QueryBuilder>> = {
  'update of tenant_id': ({ a, b }) => a.table('sites').update({ tenant_id: b.tenantId }),
  'update of sites.tenant_id': ({ a, b }) => a.table('sites').update({ 'sites.tenant_id': b.tenantId }),
  'update of tenant_id by name': ({ a, b }) => a.table('sites').update('tenant_id', b.tenantId),
  'increment of tenant_id': ({ a }) => a.table('sites').increment('tenant_id', 1),
  union: ({ a, database }) => a.table('sites').select('name').union(database.knex('sites').select('name')),
  unionAll: ({ a }) =>
    a
      .table('sites')
      .select('name')
      .unionAll(from => from.from('sites').select('name')),
  intersect: ({ a, database }) => a.table('sites').select('name').intersect(database.knex('sites').select('name')),
  truncate: ({ a }) => a.table('sites').truncate() as unknown as Knex.QueryBuilder,
  'insert of a query': ({ a, database }) => a.table('sites').insert(database.knex('sites').select()),
  from: ({ a }) => a.table('sites').from('users').select('*'),
  'merge on conflict': ({ a }) => a.table('sites').insert(site('a1')).onConflict('id').merge() as never,
}

for (const [what, query] of Object.entries(refused)) {
  test(`${what} is refused`, async t => {
    const house = await twoTenants(t)
    await t.throwsAsync(async () => query(house), { name: 'TenantEscape' })
    t.deepEqual(await house.sites(house.a), ['a1', 'a2'])
    t.deepEqual(await house.sites(house.b), ['b1', 'b2'])
  })
}

test('upsert writes the rows of its tenant', async t => {
  const house = await twoTenants(t)
  const id = newId()
  const foreign = { ...site('kept'), id, tenant_id: house.b.tenantId }
  await house.a.upsert('sites', [foreign], ['id'], [])
  t.deepEqual(await house.sites(house.a), ['a1', 'a2', 'kept'])
  await house.a.upsert('sites', [site('kept', { location: 'moved' })], ['tenant_id', 'name'], ['location'])
  t.like(await house.a.table('sites').first().where({ id }), { name: 'kept', location: 'moved' })
  t.deepEqual(await house.sites(house.b), ['b1', 'b2'])
})

test('upsert never takes over the row of another tenant', async t => {
  const house = await twoTenants(t)
  const { id } = (await house.b.table('sites').first('id').where('name', 'b1')) as { id: string }
  const taken = [{ ...site('taken'), id }]
  await t.throwsAsync(house.a.upsert('sites', taken, ['id']), { name: 'TenantEscape', message: /tenant_id in its key/ })
  await house.a.upsert('sites', taken, ['id'], [])
  t.deepEqual(await house.sites(house.b), ['b1', 'b2'])
  t.deepEqual(await house.sites(house.a), ['a1', 'a2'])
})

test('tables without a tenant are read only when a plugin has declared them', async t => {
  const { a } = await twoTenants(t)
  t.deepEqual(await a.shared('cve_catalog').select('*'), [])
  t.throws(() => a.shared('users'), { message: /table "users" is not in any plugin's sharedTables/ })
  const query = prepare<object, object>(from => from.shared('users').select('*'))
  await t.throwsAsync(async () => a.all(query, {}), { message: /table "users" is not in any plugin's sharedTables/ })
})

test('a transaction is joined by every query of the call, and rolled back as one', async t => {
  const house = await twoTenants(t)
  const { a } = house
  const failing = a.transaction(async () => {
    await a.table('sites').insert(site('one'))
    await a.transaction(async () => a.table('sites').insert(site('two')))
    t.is((await a.table('sites')).length, 4)
    throw new Error('no')
  })
  await t.throwsAsync(failing, { message: 'no' })
  t.deepEqual(await house.sites(a), ['a1', 'a2'])
})

test('afterCommit runs after a commit, not after a rollback, and at once outside', async t => {
  const { a } = await twoTenants(t)
  const ran: string[] = []
  await a.transaction(async () => {
    a.afterCommit(() => ran.push('committed'))
    t.deepEqual(ran, [])
  })
  const failing = a.transaction(async () => {
    a.afterCommit(() => ran.push('never'))
    throw new Error('no')
  })
  await t.throwsAsync(failing)
  a.afterCommit(() => ran.push('at once'))
  await a.transaction(async () => undefined)
  t.deepEqual(ran, ['committed', 'at once'])
})

test('the platform sees all rows, and one tenant through forTenant in the same transaction', async t => {
  const { platform, a } = await twoTenants(t)
  t.is((await platform.table('sites')).length, 4)
  await platform.transaction(async () => {
    const own = platform.forTenant(a.tenantId)
    await own.table('sites').insert(site('inside'))
    t.is((await own.table('sites')).length, 3)
    t.is((await platform.table('sites')).length, 5)
  })
})

test('times and booleans are bound as the dialect wants them', async t => {
  const { a } = await twoTenants(t)
  await a.table('sites').insert({ ...site('dated'), created_at: new Date(NOW) })
  const row = await a.table('sites').first('created_at').where('name', 'dated').where('created_at', '<=', new Date(NOW))
  t.deepEqual(row, { created_at: NOW })
})
