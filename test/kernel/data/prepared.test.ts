import test from 'ava'
import { limitTo, prepare } from '../../../kernel/data/prepared.ts'
import { twoTenants } from './two-tenants.ts'

const byName = prepare<{ name: string }, { name: string; location: string | null }>((from, v) =>
  from.table('sites').select('name', 'location').where('name', v.name),
)

test('a prepared query is built once and binds its values each time', async t => {
  const { a } = await twoTenants(t)
  let built = 0
  const query = prepare<{ name: string }, { name: string }>((from, v) => {
    built += 1
    return from.table('sites').select('name').where('name', v.name)
  })
  t.deepEqual(await a.all(query, { name: 'a1' }), [{ name: 'a1' }])
  t.deepEqual(await a.all(query, { name: 'a2' }), [{ name: 'a2' }])
  t.deepEqual(await a.first(query, { name: 'none' }), undefined)
  t.is(built, 1)
})

test('the same query serves each tenant with its own rows', async t => {
  const { a, b, platform } = await twoTenants(t)
  t.is((await a.all(byName, { name: 'b1' })).length, 0)
  t.is((await b.all(byName, { name: 'b1' })).length, 1)
  t.is((await platform.all(byName, { name: 'b1' })).length, 1)
  t.is((await a.all(byName, { name: 'b1' })).length, 0)
})

test('no condition of a prepared query takes the tenant off', async t => {
  const { a } = await twoTenants(t)
  const wide = prepare<{ name: string }, { name: string }>((from, v) =>
    from.table('sites').select('name').where('name', v.name).orWhereRaw('1 = 1').clone(),
  )
  t.deepEqual((await a.all(wide, { name: 'x' })).map(({ name }) => name).toSorted(), ['a1', 'a2'])
})

test('it reads in the transaction under way', async t => {
  const { a } = await twoTenants(t)
  await a.transaction(async () => {
    await a.table('sites').where('name', 'a1').update({ location: 'here' })
    t.is((await a.first(byName, { name: 'a1' }))?.location, 'here')
  })
})

test('writes can be prepared as well, and stay within the tenant', async t => {
  const { a, b } = await twoTenants(t)
  const move = prepare<{ location: string }, never>((from, v) => from.table('sites').update({ location: v.location }))
  await a.transaction(() => a.all(move, { location: 'moved' }))
  t.is((await a.table('sites').where('location', 'moved')).length, 2)
  t.is((await b.table('sites').where('location', 'moved')).length, 0)
})

test('a value is bound, never part of the SQL', async t => {
  const { a } = await twoTenants(t)
  t.deepEqual(await a.all(byName, { name: "a1' OR '1'='1" }), [])
})

test('the number of rows can be bound', async t => {
  const { a } = await twoTenants(t)
  const some = prepare<{ limit: number }, { name: string }>((from, v) =>
    limitTo(from.table('sites').select('name').orderBy('name'), v.limit),
  )
  t.deepEqual(await a.all(some, { limit: 1 }), [{ name: 'a1' }])
  t.is((await a.all(some, { limit: 5 })).length, 2)
})
