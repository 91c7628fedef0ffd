import test from 'ava'
import { definePlugin } from '../../../kernel/contract.ts'
import sites from '../../sites/plugin.ts'
import assets from '../plugin.ts'
import { assetCpesChanged } from '../public.ts'
import { startPlant, withPlant } from './plant.ts'

const NOBODY = '01890000-0000-7000-8000-00000000000f'
const LOG4J = 'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*'

test(
  'an asset is added, read, changed and deleted',
  withPlant(async (t, { user, site, kernel }) => {
    const made = await user.post('/assets', { name: 'Pump 1', type: 'plc', site_id: site, producer: 'Siemens' })
    t.is(made.status, 201)
    t.like(made.body, {
      name: 'Pump 1',
      type: 'plc',
      site_id: site,
      criticality: 'medium',
      cpes: [],
      mac_address: null,
    })
    const path = `/assets/${made.body.id}`
    const read = await user.get(path)
    t.deepEqual(read.body, made.body)

    kernel.clock.advance(1000)
    const changed = await user.patch(
      path,
      { version: 'V2.8', cpes: [LOG4J] },
      { 'if-match': String(read.headers.etag) },
    )
    t.is(changed.status, 200)
    t.deepEqual(changed.body, {
      ...made.body,
      version: 'V2.8',
      cpes: [LOG4J],
      updated_at: kernel.clock.now().toISOString(),
    })

    t.is((await user.delete(path)).status, 204)
    t.is((await user.get(path)).status, 404)
    t.deepEqual(
      (await kernel.audit('a')).map(({ action }) => action).filter(action => String(action).startsWith('asset.')),
      ['asset.created', 'asset.updated', 'asset.deleted'],
    )
  }),
)

test(
  'an asset leaves its site with null, and keeps it when the change does not say',
  withPlant(async (t, { user, site }) => {
    const { body } = await user.post('/assets', { name: 'Pump', type: 'plc', site_id: site })
    t.is((await user.patch(`/assets/${body.id}`, { model: 'X' })).body.site_id, site)
    t.is((await user.patch(`/assets/${body.id}`, { site_id: null })).body.site_id, null)
  }),
)

test(
  'a site that the tenant does not have is refused',
  withPlant(async (t, { user, site, kernel }) => {
    const refused = { status: 422, body: { errors: [{ path: 'body.site_id', message: 'no site has this id' }] } }
    t.like(await user.post('/assets', { name: 'Pump', type: 'plc', site_id: NOBODY }), refused)
    const other = await kernel.as('b')
    t.like(await other.post('/assets', { name: 'Pump', type: 'plc', site_id: site }), refused)
    const { body } = await user.post('/assets', { name: 'Pump', type: 'plc' })
    t.like(await user.patch(`/assets/${body.id}`, { site_id: NOBODY }), refused)
  }),
)

test(
  'an external key belongs to one asset of the tenant',
  withPlant(async (t, { user, kernel }) => {
    await user.post('/assets', { name: 'Pump', type: 'plc', external_key: 'CMDB-1' })
    const taken = { status: 409, body: { error: 'conflict', detail: 'Another asset has the external_key "CMDB-1".' } }
    t.like(await user.post('/assets', { name: 'Pump 2', type: 'plc', external_key: 'CMDB-1' }), taken)
    const { body } = await user.post('/assets', { name: 'Pump 2', type: 'plc' })
    t.like(await user.patch(`/assets/${body.id}`, { external_key: 'CMDB-1' }), taken)
    t.is((await (await kernel.as('b')).post('/assets', { name: 'P', type: 'plc', external_key: 'CMDB-1' })).status, 201)
  }),
)

test(
  'a change to an asset that somebody else changed is stale',
  withPlant(async (t, { user }) => {
    const { body, headers } = await user.post('/assets', { name: 'Pump', type: 'plc' })
    const path = `/assets/${body.id}`
    await user.patch(path, { model: 'X' })
    const old = { 'if-match': String(headers.etag) }
    t.like(await user.patch(path, { model: 'Y' }, old), { status: 412, body: { error: 'stale' } })
    t.is((await user.delete(path, old)).status, 412)
    t.is((await user.get(path)).body.model, 'X')
  }),
)

test(
  'CPE names are found by product as long as the asset has them',
  withPlant(async (t, { user, kernel }) => {
    const keys = async () =>
      (await kernel.kernel.runtime.database.knex('asset_cpes').orderBy('position')).map(row => row.product_key)
    const moxa = 'cpe:2.3:o:moxa:eds-405a_firmware:3.8:*:*:*:*:*:*:*'
    const { body } = await user.post('/assets', { name: 'Pump', type: 'plc', cpes: [LOG4J, moxa] })
    t.deepEqual(await keys(), ['a:apache:log4j', 'o:moxa:eds-405a_firmware'])
    await user.patch(`/assets/${body.id}`, { cpes: [moxa] })
    t.deepEqual(await keys(), ['o:moxa:eds-405a_firmware'])
    await user.delete(`/assets/${body.id}`)
    t.deepEqual(await keys(), [])
  }),
)

test('other plugins hear of new and changed CPE names, and of nothing else', async t => {
  const heard: (readonly string[])[] = []
  const listener = definePlugin({
    name: 'listener',
    version: '1.0.0',
    title: 'Hears of assets',
    segments: [],
    setup(kit) {
      kit.on(assetCpesChanged, async ({ payload }) => {
        heard.push(payload.asset_ids)
      })
    },
  })
  await using plant = await startPlant({ plugins: [sites, assets, listener] as never })
  const { user, kernel } = plant
  const { body } = await user.post('/assets', { name: 'Pump', type: 'plc', cpes: [LOG4J] })
  await kernel.settled()
  t.deepEqual(heard, [[body.id]])
  await user.patch(`/assets/${body.id}`, { model: 'X', cpes: [LOG4J] })
  await user.post('/assets', { name: 'Pump 2', type: 'plc' })
  await kernel.settled()
  t.is(heard.length, 1)
  await user.patch(`/assets/${body.id}`, { cpes: [] })
  await kernel.settled()
  t.is(heard.length, 2)
})

test(
  'the list is filtered, ordered and paged',
  withPlant(async (t, { user, site, kernel }) => {
    const add = async (name: string, fields: object) => {
      kernel.clock.advance(1000)
      await user.post('/assets', { name, type: 'plc', ...fields })
    }
    await add('Alpha', { type: 'robot', site_id: site, criticality: 'high', ip_address: '10.0.0.1' })
    await add('Beta', { producer: 'Moxa', lifecycle: 'planned' })
    await add('Gamma', { producer: 'Siemens', model: 'alpha-5' })
    const names = async (query: string) =>
      (await user.get(`/assets${query}`)).body.items.map(({ name }: { name: string }) => name)
    t.deepEqual(await names(''), ['Gamma', 'Beta', 'Alpha'])
    t.deepEqual(await names('?sort=name'), ['Alpha', 'Beta', 'Gamma'])
    t.deepEqual(await names('?q=ALPHA&sort=name'), ['Alpha', 'Gamma'])
    t.deepEqual(await names('?q=10.0.0'), ['Alpha'])
    t.deepEqual(await names(`?site_id=${site}`), ['Alpha'])
    t.deepEqual(await names('?type=robot,gateway'), ['Alpha'])
    t.deepEqual(await names('?criticality=high'), ['Alpha'])
    t.deepEqual(await names('?lifecycle=planned'), ['Beta'])
    t.deepEqual(await names('?producer=Siemens'), ['Gamma'])
    const first = await user.get('/assets?limit=2&count=true')
    t.is(first.body.count, 3)
    t.deepEqual(await names(`?limit=2&cursor=${first.body.next_cursor}`), ['Alpha'])
  }),
)

test(
  'a request that is not valid is refused with the place of each fault',
  withPlant(async (t, { user }) => {
    const { status, body } = await user.post('/assets', { name: '', type: 'toaster', colour: 'red', cpes: ['x'] })
    t.is(status, 422)
    t.deepEqual(
      body.errors.map(({ path }: { path: string }) => path),
      ['body.name', 'body.type', 'body.cpes.0', 'body.colour'],
    )
    t.is((await user.get('/assets/not-an-id')).status, 422)
    t.is((await user.get('/assets?colour=red')).status, 422)
  }),
)
