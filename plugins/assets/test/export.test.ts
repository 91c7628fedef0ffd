import test from 'ava'
import { counts, withPlant } from './plant.ts'

const LOG4J = 'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*'

test(
  'what is exported can be imported again and changes nothing',
  withPlant(async (t, { user, site, importCsv, kernel }) => {
    const everything = {
      type: 'robot',
      site_id: site,
      producer: 'Kühn & Söhne',
      model: 'X, "Y"; Z',
      version: '-1',
      ip_address: '2001:db8::1',
      mac_address: '00:1b:1b:12:34:56',
      criticality: 'critical',
      lifecycle: 'decommissioned',
      external_key: "'=1+1",
      cpes: Array.from({ length: 50 }, (_, i) => `cpe:2.3:a:apache:${'long'.repeat(60)}:2.${i}:*:*:*:*:*:*:*`),
    }
    await user.post('/assets', { name: '=cmd()', ...everything })
    await user.post('/assets', { name: '@SUM(1)', type: 'plc', cpes: [LOG4J] })
    await user.post('/assets', { name: 'Twin', type: 'plc' })
    await user.post('/assets', { name: 'Twin', type: 'plc' })
    const before = (await user.get('/assets')).body
    const { status, headers, text } = await user.get('/assets/export')
    t.is(status, 200)
    t.is(headers['content-type'], 'text/csv; charset=utf-8')
    t.is(headers['content-disposition'], 'attachment; filename="assets.csv"')
    t.regex(text, /,'=cmd\(\),/)
    t.notRegex(text, /(^|,|")[=@-]/m)
    kernel.clock.advance(1000)
    t.is(counts(await importCsv(text)), '200: 0 created, 0 updated, 4 unchanged, 0 failed')
    t.deepEqual((await user.get('/assets')).body, before)
  }),
)

test(
  'an export moves an inventory to another tenant',
  withPlant(async (t, { user, kernel, importCsv }) => {
    const rows = Array.from({ length: 450 }, (_, i) => `K-${i},Asset ${i},plc,'=${i}`)
    await importCsv(`key,name,type,model\n${rows.join('\n')}\n`)
    const { text } = await user.get('/assets/export')
    t.is(text.trimEnd().split('\n').length, 451)
    const other = await kernel.as('b')
    const csv = { 'content-type': 'text/csv' }
    t.is(
      counts(await other.request('POST', '/assets/import', text, csv)),
      '200: 450 created, 0 updated, 0 unchanged, 0 failed',
    )
    t.is((await other.get('/assets?q=Asset 449')).body.items[0].model, '=449')
  }),
)

test(
  'JSON holds the assets as the list shows them',
  withPlant(async (t, { user, importCsv }) => {
    t.deepEqual((await user.get('/assets/export?format=json')).body, [])
    await importCsv(`name,type\n${Array.from({ length: 201 }, (_, i) => `Asset ${i},plc`).join('\n')}\n`)
    const { body, headers } = await user.get('/assets/export?format=json')
    t.is(body.length, 201)
    t.is(headers['content-disposition'], 'attachment; filename="assets.json"')
    t.deepEqual(body.slice(0, 50), (await user.get('/assets')).body.items)
  }),
)

test(
  'an export takes the filters of the list, and nothing else',
  withPlant(async (t, { user, site }) => {
    await user.post('/assets', { name: 'A', type: 'plc', site_id: site })
    await user.post('/assets', { name: 'B', type: 'robot' })
    const names = async (query: string) =>
      (await user.get(`/assets/export?format=json&${query}`)).body.map(({ name }: { name: string }) => name)
    t.deepEqual(await names(`site_id=${site}`), ['A'])
    t.deepEqual(await names('type=robot'), ['B'])
    t.deepEqual(await names('q=b'), ['B'])
    t.is((await user.get('/assets/export?limit=1')).status, 422)
    t.is((await user.get('/assets/export?format=xml')).status, 422)
  }),
)

test(
  'an export holds the assets of one tenant, for those who may see them',
  withPlant(async (t, { user, kernel }) => {
    await user.post('/assets', { name: 'A', type: 'plc' })
    t.deepEqual((await (await kernel.as('b')).get('/assets/export?format=json')).body, [])
    t.is((await (await kernel.as('a', ['assets:create'])).get('/assets/export')).status, 403)
  }),
)
