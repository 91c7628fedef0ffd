import test from 'ava'
import { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../../../kernel/contract.ts'
import { assetSeen, SeenAsset } from '../../ingest/public.ts'
import sites from '../../sites/plugin.ts'
import assets from '../plugin.ts'
import { type Plant, startPlant } from './plant.ts'

const DEVICE = '01890000-0000-7000-8000-00000000000d'
const AT = '2026-01-02T03:04:05.000Z'

/** Tells what a device saw, in place of `ingest`. */
const teller = definePlugin({
  name: 'ingest',
  version: '1.0.0',
  title: 'Stand-in for ingest',
  segments: ['sightings'],
  emits: [assetSeen],
  setup(kit) {
    kit.route('POST /sightings', {
      summary: 'Tell of sightings',
      permission: 'signed-in',
      body: z.object({ site_id: z.string().nullable(), seen: z.array(SeenAsset) }),
      maxBytes: 1_000_000,
      handle: ({ body }, { call }) => call.emit(assetSeen, { device_id: DEVICE, ...body }),
    })
  },
}) as unknown as AnyPlugin

interface Seen {
  readonly ip?: string
  readonly mac?: string
  readonly hostname?: string
  readonly vendor?: string
}

/** A plant whose devices see things. */
async function start() {
  const plant = await startPlant({ plugins: [sites, assets, teller] as never })
  const { user, kernel, site } = plant
  return {
    ...plant,
    [Symbol.asyncDispose]: () => plant[Symbol.asyncDispose](),
    async see(seen: readonly Seen[], site_id: string | null = site) {
      const nothing = { ip: null, mac: null, hostname: null, vendor: null, seen_at: AT }
      const { status, text } = await user.post('/sightings', {
        site_id,
        seen: seen.map(one => ({ ...nothing, ...one })),
      })
      if (status !== 204) throw new Error(text)
      await kernel.settled()
    },
    async all() {
      return (await user.get('/assets?limit=200&sort=created_at')).body.items
    },
    add: async (asset: object) => (await user.post('/assets', { name: 'PLC', type: 'plc', ...asset })).body,
  }
}

const addressOf = ({ name, ip_address, mac_address, producer }: Record<string, string>) =>
  [name, ip_address, mac_address, producer].join(' ')

test('what is new becomes an asset that waits to be confirmed', async t => {
  await using plant = await start()
  const { user, kernel, site, see, all } = plant
  await see([
    { ip: '10.1.1.5', mac: '00-1B-1B-AA-BB-01', hostname: 'plc-5', vendor: 'Siemens' },
    { ip: '10.1.1.6' },
    { mac: '001b.1baa.bb03' },
    { ip: '0.0.0.0', mac: 'ff:ff:ff:ff:ff:ff', hostname: 'nobody' },
  ])
  const items = await all()
  t.deepEqual(items.map(addressOf), [
    'plc-5 10.1.1.5 00:1b:1b:aa:bb:01 Siemens',
    '10.1.1.6 10.1.1.6  ',
    '00:1b:1b:aa:bb:03  00:1b:1b:aa:bb:03 ',
  ])
  for (const item of items)
    t.like(item, { lifecycle: 'discovered', type: 'other', site_id: site, criticality: 'medium' })
  t.is((await user.get('/assets?lifecycle=discovered')).body.items.length, 3)
  const confirmed = await user.patch(`/assets/${items[0].id}`, { lifecycle: 'active', type: 'plc' })
  t.like(confirmed.body, { lifecycle: 'active', type: 'plc', name: 'plc-5' })
  const lines = (await kernel.audit('a')).filter(({ action }) => action === 'asset.discovered')
  t.is(lines.length, 3)
  t.is(lines[0]?.actor_kind, 'service')
})

test('the same seen again changes nothing', async t => {
  await using plant = await start()
  const { see, all } = plant
  const seen = [{ ip: '10.1.1.5', mac: '00:1b:1b:aa:bb:01', hostname: 'plc-5' }, { ip: '10.1.1.6' }]
  await see([...seen, ...seen])
  const before = await all()
  t.is(before.length, 2)
  plant.kernel.clock.advance(60_000)
  await see(seen)
  t.deepEqual(await all(), before)
})

test('an asset is found by its MAC, and moves to the address it is seen under', async t => {
  await using plant = await start()
  const { see, all } = plant
  await see([{ ip: '10.1.1.5', mac: '00:1b:1b:aa:bb:01', hostname: 'plc-5' }])
  await see([{ ip: '10.1.1.9', mac: '00:1b:1b:aa:bb:01', hostname: 'other-name', vendor: 'Siemens' }])
  t.deepEqual((await all()).map(addressOf), ['plc-5 10.1.1.9 00:1b:1b:aa:bb:01 Siemens'])
})

test('a device with several addresses keeps the one it has', async t => {
  await using plant = await start()
  const { see, all } = plant
  const mac = '00:1b:1b:aa:bb:01'
  const both = [
    { ip: '10.1.1.5', mac },
    { ip: '10.1.2.5', mac },
    { ip: 'fe80::1', mac },
  ]
  await see(both)
  await see(both.toReversed())
  await see([{ ip: 'fe80::1', mac }])
  t.deepEqual((await all()).map(addressOf), ['10.1.1.5 10.1.1.5 00:1b:1b:aa:bb:01 '])
})

test('what a user has written stays', async t => {
  await using plant = await start()
  const { user, see, all, add, site } = plant
  const byHand = await add({ name: 'Press', site_id: site, ip_address: '10.1.1.5', mac_address: '00:1b:1b:aa:bb:01' })
  await see([{ ip: '10.1.1.9', mac: '00:1b:1b:aa:bb:01', hostname: 'plc-5', vendor: 'Siemens' }])
  t.deepEqual((await all()).map(addressOf), ['Press 10.1.1.5 00:1b:1b:aa:bb:01 Siemens'])

  await user.patch(`/assets/${byHand.id}`, { producer: null, ip_address: null })
  await see([{ ip: '10.1.1.9', mac: '00:1b:1b:aa:bb:01', vendor: 'Siemens' }])
  t.deepEqual((await all()).map(addressOf), ['Press 10.1.1.9 00:1b:1b:aa:bb:01 '])
  await user.patch(`/assets/${byHand.id}`, { ip_address: '10.9.9.9', lifecycle: 'decommissioned' })
  await see([{ ip: '10.1.1.10', mac: '00:1b:1b:aa:bb:01' }])
  t.like((await all())[0], { ip_address: '10.9.9.9', lifecycle: 'decommissioned' })
  t.is((await all()).length, 1)
})

test('without a MAC an asset is found by its address at the same site', async t => {
  await using plant = await start()
  const { user, see, all, add, site } = plant
  const south = (await user.post('/sites', { name: 'Plant South' })).body.id
  await add({ name: 'North', site_id: site, ip_address: '10.1.1.5' })
  await add({ name: 'South', site_id: south, ip_address: '10.1.1.5' })
  await add({ name: 'Nowhere', ip_address: '10.1.1.7' })
  await see([{ ip: '10.1.1.5', mac: '00:1b:1b:aa:bb:01' }])
  await see([{ ip: '10.1.1.7', vendor: 'Moxa' }], null)
  await see([{ ip: '10.1.1.5' }], null)
  t.deepEqual((await all()).map(addressOf), [
    'North 10.1.1.5 00:1b:1b:aa:bb:01 ',
    'South 10.1.1.5  ',
    'Nowhere 10.1.1.7  Moxa',
    '10.1.1.5 10.1.1.5  ',
  ])
})

test('another MAC under the same address is another device, and so is what came to the address of a retired one', async t => {
  await using plant = await start()
  const { see, all, add, site } = plant
  await add({ name: 'Press', site_id: site, ip_address: '10.1.1.5', mac_address: '00:1b:1b:aa:bb:01' })
  await add({ name: 'Old', site_id: site, ip_address: '10.1.1.6', lifecycle: 'decommissioned' })
  await see([{ ip: '10.1.1.5', mac: '00:1b:1b:aa:bb:02' }, { ip: '10.1.1.6' }])
  t.deepEqual((await all()).map(addressOf), [
    'Press 10.1.1.5 00:1b:1b:aa:bb:01 ',
    'Old 10.1.1.6  ',
    '10.1.1.5 10.1.1.5 00:1b:1b:aa:bb:02 ',
    '10.1.1.6 10.1.1.6  ',
  ])
})

test('a site that is gone is no site', async t => {
  await using plant = await start()
  await plant.see([{ ip: '10.1.1.5' }], DEVICE)
  t.like((await plant.all())[0], { ip_address: '10.1.1.5', site_id: null })
})

test('an address of nobody or of many is no asset, and one that is written as IPv6 is the same', async t => {
  await using plant = await start()
  const { see, all } = plant
  await see([
    { ip: '0.0.0.0' },
    { ip: '127.0.0.1', hostname: 'localhost' },
    { ip: '224.0.0.251', mac: '01:00:5e:00:00:fb' },
    { ip: '255.255.255.255', mac: 'ff:ff:ff:ff:ff:ff' },
    { ip: '::1' },
    { ip: 'ff02::1', mac: '33:33:00:00:00:01' },
    { ip: '::ffff:127.0.0.1', mac: '00:00:00:00:00:00' },
    { ip: '10.1.1.5' },
    { ip: '::ffff:10.1.1.5', vendor: 'Moxa' },
    { ip: '224.0.0.1', mac: '00:1b:1b:aa:bb:02' },
  ])
  t.deepEqual((await all()).map(addressOf), ['10.1.1.5 10.1.1.5  Moxa', '00:1b:1b:aa:bb:02  00:1b:1b:aa:bb:02 '])
})

test('five hundred sightings in one event are bulk work', async t => {
  await using plant: Plant & { see(seen: readonly Seen[]): Promise<void> } = await start()
  const { kernel, user, see } = plant
  const seen = Array.from({ length: 500 }, (_, at) => ({ ip: `10.2.${at >> 8}.${at & 255}`, hostname: `h${at}` }))
  let statements = 0
  kernel.kernel.runtime.database.observe?.({
    statement(_sql, run) {
      statements += 1
      return run()
    },
  })
  await see(seen)
  t.is((await user.get('/assets?count=true&limit=1')).body.count, 500)
  const first = statements
  await see(seen)
  t.is((await user.get('/assets?count=true&limit=1')).body.count, 500)
  t.true(first < 250, `${first} statements to add them`)
  t.true(statements - first < 250, `${statements - first} statements to find them`)
})
