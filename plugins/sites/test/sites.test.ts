import test from 'ava'
import { withSites } from './house.ts'

test(
  'a site is added, read, changed and deleted',
  withSites(async (t, user, kernel) => {
    const made = await user.post('/sites', { name: ' Plant North ', location: 'Rotterdam' })
    t.is(made.status, 201)
    t.like(made.body, { name: 'Plant North', location: 'Rotterdam', status: 'active' })
    const path = `/sites/${made.body.id}`
    const read = await user.get(path)
    t.deepEqual(read.body, made.body)

    kernel.clock.advance(1000)
    const etag = { 'if-match': String(read.headers.etag) }
    const changed = await user.patch(path, { location: null, status: 'inactive' }, etag)
    t.deepEqual(changed.body, {
      ...made.body,
      location: null,
      status: 'inactive',
      updated_at: kernel.clock.now().toISOString(),
    })
    t.like(await user.patch(path, { name: 'X' }, etag), { status: 412, body: { error: 'stale' } })

    t.is((await user.delete(path)).status, 204)
    t.is((await user.get(path)).status, 404)
    const lines = (await kernel.audit('a')).filter(({ resource_type }) => resource_type === 'site')
    t.deepEqual(
      lines.map(({ action }) => action),
      ['site.created', 'site.updated', 'site.deleted'],
    )
  }),
)

test(
  'a name is taken once in a tenant, whatever the case of A to Z',
  withSites(async (t, user, kernel) => {
    await user.post('/sites', { name: 'Werk Österreich' })
    const taken = { status: 409, body: { error: 'conflict', detail: 'A site is called "WERK Österreich" already.' } }
    t.like(await user.post('/sites', { name: 'WERK Österreich' }), taken)
    const { body } = await user.post('/sites', { name: 'Plant' })
    t.like(await user.patch(`/sites/${body.id}`, { name: 'WERK Österreich' }), taken)
    t.is((await user.patch(`/sites/${body.id}`, { name: 'PLANT' })).body.name, 'PLANT')
    t.is((await (await kernel.as('b')).post('/sites', { name: 'Werk Österreich' })).status, 201)
  }),
)

test(
  'the list is filtered, ordered and paged',
  withSites(async (t, user) => {
    for (const [name, location, status] of [
      ['Beta', 'Porto', 'active'],
      ['Alpha', null, 'planned'],
      ['Gamma', 'Alphen', 'active'],
    ]) {
      await user.post('/sites', { name, location, status })
    }
    const names = async (query: string) =>
      (await user.get(`/sites${query}`)).body.items.map(({ name }: { name: string }) => name)
    t.deepEqual(await names(''), ['Alpha', 'Beta', 'Gamma'])
    t.deepEqual(await names('?sort=-name'), ['Gamma', 'Beta', 'Alpha'])
    t.deepEqual(await names('?q=alph'), ['Alpha', 'Gamma'])
    t.deepEqual(await names('?status=planned'), ['Alpha'])
    const first = await user.get('/sites?limit=2&count=true')
    t.is(first.body.count, 3)
    t.deepEqual(await names(`?limit=2&cursor=${first.body.next_cursor}`), ['Gamma'])
  }),
)

test(
  'a request that is not valid is refused with the place of each fault',
  withSites(async (t, user) => {
    const { status, body } = await user.post('/sites', {
      name: 'a\u0000b',
      location: '',
      status: 'open',
      colour: 'red',
    })
    t.is(status, 422)
    t.deepEqual(
      body.errors.map(({ path }: { path: string }) => path),
      ['body.name', 'body.location', 'body.status', 'body.colour'],
    )
    const made = await user.post('/sites', { name: 'Plant' })
    t.is((await user.patch(`/sites/${made.body.id}`, {})).status, 422)
    t.is((await user.post('/sites', { name: 'x'.repeat(201) })).status, 422)
  }),
)

test(
  'a site with something at it stays, and the answer says why',
  withSites(async (t, user, kernel) => {
    const { body } = await user.post('/sites', { name: 'Plant' })
    const id = '01890000-0000-7000-8000-000000000001'
    const times = { created_at: kernel.clock.now(), updated_at: kernel.clock.now() }
    const { knex } = kernel.kernel.runtime.database
    const asset = { id, tenant_id: kernel.tenantId('a'), site_id: body.id, name: 'Pump', type: 'plc', ...times }
    await knex('assets').insert(asset)
    const refused = await user.delete(`/sites/${body.id}`)
    t.like(refused, { status: 409, body: { error: 'conflict' } })
    t.is(refused.body.detail, '"Plant" still has assets, zones, VLANs, diagrams or devices. Move or delete them first.')
    await knex('assets').where({ id }).delete()
    t.is((await user.delete(`/sites/${body.id}`)).status, 204)
  }),
)
