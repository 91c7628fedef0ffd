import test, { type ExecutionContext } from 'ava'
import { z } from 'zod'
import { contains, defineList, equals, oneOf } from '../../../kernel/data/list.ts'
import type { TenantDb } from '../../../kernel/data/tenant-db.ts'
import { site, twoTenants } from './two-tenants.ts'

interface SiteRow {
  readonly id: string
  readonly name: string
  readonly status: string
}

const list = defineList({
  table: 'sites',
  columns: ['id', 'name', 'status', 'location', 'created_at'],
  sorts: { name: 'name', status: 'status', created_at: 'created_at' },
  defaultSort: 'name',
  filters: {
    q: contains('name', 'location'),
    status: oneOf('status', z.enum(['active', 'planned', 'inactive'])),
    location: equals('location', z.string().max(100)),
  },
  item: ({ id, name, status }: SiteRow) => ({ id, name, status }),
})

const query = (given: Record<string, string> = {}) => list.query.parse(given)

/** Tenant a with 25 sites, nine of each status but one, all made at the same time. */
async function filled(t: ExecutionContext): Promise<TenantDb> {
  const { a } = await twoTenants(t)
  await a.table('sites').delete()
  const statuses = ['active', 'planned', 'inactive']
  const rows = Array.from({ length: 25 }, (_, n) =>
    site(`Site ${String(n).padStart(2, '0')}`, { status: statuses[n % 3] }),
  )
  await a.table('sites').insert(rows)
  return a
}

/** All pages, and how many there were. */
async function walk(db: TenantDb, given: Record<string, string>) {
  const names: string[] = []
  let [cursor, pages]: [string | null, number] = [null, 0]
  do {
    const page = await list.page(db, query(cursor === null ? given : { ...given, cursor }))
    names.push(...page.items.map(({ name }) => name))
    cursor = page.next_cursor
    pages += 1
  } while (cursor !== null)
  return { names, pages }
}

for (const sort of ['name', '-name', 'status', '-status', 'created_at', '-created_at']) {
  test(`pages by ${sort} show each row once, in order, also where many values are equal`, async t => {
    const a = await filled(t)
    const { names, pages } = await walk(a, { sort, limit: '4' })
    t.is(pages, 7)
    t.is(new Set(names).size, 25)
    const whole = await list.page(a, query({ sort, limit: '200' }))
    t.deepEqual(
      names,
      whole.items.map(({ name }) => name),
    )
    t.is(whole.next_cursor, null)
    const reversed = await walk(a, { sort: sort.startsWith('-') ? sort.slice(1) : `-${sort}`, limit: '7' })
    t.deepEqual(reversed.names, names.toReversed())
  })
}

test('rows that come and go between two pages shift nothing', async t => {
  const a = await filled(t)
  const first = await list.page(a, query({ limit: '10' }))
  await a.table('sites').where('name', '<=', 'Site 04').delete()
  await a.table('sites').insert(site('Site 00'))
  const second = await list.page(a, query({ limit: '10', cursor: first.next_cursor as string }))
  t.is(second.items[0]?.name, 'Site 10')
})

test('filters narrow a list, one by one and together, on every page', async t => {
  const a = await filled(t)
  t.is((await walk(a, { status: 'active', limit: '2' })).names.length, 9)
  t.is((await walk(a, { status: 'active, planned' })).names.length, 17)
  t.deepEqual((await walk(a, { q: 'SITE 1', status: 'planned', limit: '2' })).names, [
    'Site 10',
    'Site 13',
    'Site 16',
    'Site 19',
  ])
  t.deepEqual((await walk(a, { location: 'nowhere' })).names, [])
})

test('a text is looked for as it stands: no character in it is a wildcard', async t => {
  const a = await filled(t)
  await a.table('sites').insert([site('100 % wool'), site('a_b'), site('back\\slash'), site('[x]')])
  for (const [q, found] of [
    ['%', ['100 % wool']],
    ['_', ['a_b']],
    ['\\', ['back\\slash']],
    ['[', ['[x]']],
    ["'", []],
  ] as const) {
    t.deepEqual((await walk(a, { q })).names, found, q)
  }
})

test('a count is there when asked for, and counts what the filters leave', async t => {
  const a = await filled(t)
  t.false('count' in (await list.page(a, query())))
  t.is((await list.page(a, query({ count: 'true', limit: '3' }))).count, 25)
  t.is((await list.page(a, query({ count: 'true', limit: '3', status: 'active' }))).count, 9)
  const { next_cursor } = await list.page(a, query({ limit: '3' }))
  t.is((await list.page(a, query({ count: 'yes', limit: '3', cursor: next_cursor as string }))).count, 25)
})

test('an empty list is a page without a cursor', async t => {
  const { a } = await twoTenants(t)
  await a.table('sites').delete()
  t.deepEqual(await list.page(a, query({ count: 'true' })), { items: [], next_cursor: null, count: 0 })
})

test('a last page that is just full has no cursor', async t => {
  const a = await filled(t)
  t.is((await walk(a, { limit: '5' })).pages, 5)
})

test('a cursor that does not belong to the list is refused', async t => {
  const a = await filled(t)
  const { next_cursor } = await list.page(a, query({ limit: '3' }))
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const others = [
    'nonsense',
    encoded(null),
    encoded({}),
    encoded(['name']),
    encoded(['name', null, 'x']),
    encoded(['name', { a: 1 }, 'x']),
    encoded(['name', 'x', 7]),
    encoded(['name', 'x'.repeat(600), 'y']),
    (next_cursor as string).slice(0, -6),
  ]
  for (const cursor of others) await t.throwsAsync(list.page(a, query({ cursor })), { code: 'invalid_cursor' }, cursor)
  const other = query({ cursor: next_cursor as string, sort: '-name' })
  await t.throwsAsync(list.page(a, other), { code: 'invalid_cursor' })
})

test('a cursor with values of other types is a page or refused, never a fault', async t => {
  const a = await filled(t)
  for (const sort of ['name', 'created_at']) {
    for (const value of ['', 'zzz', '99999-01-01T00:00:00Z', 5, -1.5, 2 ** 60, 1e300]) {
      const cursor = Buffer.from(JSON.stringify([sort, value, 'zzz'])).toString('base64url')
      const answer = await list.page(a, query({ sort, cursor })).catch(error => error.code)
      t.true(answer === 'invalid_cursor' || Array.isArray(answer.items), `${sort} ${value}: ${answer}`)
    }
  }
})

test('a cursor of one tenant shows another nothing of it', async t => {
  const { a, b } = await twoTenants(t)
  const { next_cursor } = await list.page(a, query({ limit: '1' }))
  const page = await list.page(b, query({ cursor: next_cursor as string }))
  t.deepEqual(
    page.items.map(({ name }) => name),
    ['b1', 'b2'],
  )
})

test('the query takes what the list has and nothing else', t => {
  const bad: Record<string, string>[] = [
    { limit: '0' },
    { limit: '201' },
    { limit: 'ten' },
    { limit: '1.5' },
    { sort: 'location' },
    { sort: '--name' },
    { count: 'maybe' },
    { status: 'gone' },
    { status: '' },
    { q: '' },
    { q: ' ' },
    { cursor: '' },
    { offset: '10' },
  ]
  for (const given of bad) t.false(list.query.safeParse(given).success, JSON.stringify(given))
  t.deepEqual(query(), { limit: 50, sort: 'name' })
})
