import test from 'ava'
import { counts, faults, withPlant } from './plant.ts'

const MOXA = 'cpe:2.3:o:moxa:eds-405a_firmware:3.8:*:*:*:*:*:*:*'

test(
  'a file becomes assets, with a line for each row',
  withPlant(async (t, { user, site, importCsv }) => {
    const answer = await importCsv(
      '\ufeffName;Type;Site;Vendor;Model;Firmware;IP;MAC;Criticality;Lifecycle;CPE;Key\r\n' +
        `Switch 1;Industrial switch;plant NORTH;Moxa;EDS-405A;3.8;10.0.0.2;00-1B-1B-12-34-56;High;planned;${MOXA} cpe:/h:moxa:eds-405a:-;CMDB-1\r\n` +
        '"Panel ""A"";\tright";HMI Panel;;;;;;;;;;\r\n',
    )
    t.is(counts(answer), '200: 1 created, 0 updated, 0 unchanged, 1 failed')
    t.deepEqual(faults(answer), ['3: name: must be one line of text without control characters'])
    t.like(answer.body, { dry_run: false, total: 2, rows_omitted: 0 })
    const [line] = answer.body.rows
    t.like(line, { row: 2, status: 'created', name: 'Switch 1' })
    t.like((await user.get(`/assets/${line.id}`)).body, {
      name: 'Switch 1',
      type: 'industrial_switch',
      site_id: site,
      producer: 'Moxa',
      model: 'EDS-405A',
      version: '3.8',
      ip_address: '10.0.0.2',
      mac_address: '00:1b:1b:12:34:56',
      criticality: 'high',
      lifecycle: 'planned',
      cpes: [MOXA, 'cpe:2.3:h:moxa:eds-405a:-:*:*:*:*:*:*:*'],
      external_key: 'CMDB-1',
    })
  }),
)

test(
  'words of the trade stand for types',
  withPlant(async (t, { user, importCsv }) => {
    await importCsv('name,type\nA,HMI panel\nB,Firewall\nC,VM\nD,engineering-station\n')
    const { body } = await user.get('/assets?sort=name')
    t.deepEqual(
      body.items.map(({ type }: { type: string }) => type),
      ['hmi', 'network_device', 'virtual_machine', 'engineering_station'],
    )
  }),
)

test(
  'the same file again changes nothing',
  withPlant(async (t, { user, importCsv, kernel }) => {
    const csv = `name,type,site,cpes,key\nA,plc,Plant North,${MOXA},\nB,plc,,,K-1\nC,rtu,,,\n`
    t.is(counts(await importCsv(csv)), '200: 3 created, 0 updated, 0 unchanged, 0 failed')
    const before = await user.get('/assets')
    const lines = (await kernel.audit('a')).length
    kernel.clock.advance(1000)
    t.is(counts(await importCsv(csv)), '200: 0 created, 0 updated, 3 unchanged, 0 failed')
    t.deepEqual((await user.get('/assets')).body, before.body)
    t.is((await kernel.audit('a')).length, lines)
  }),
)

test(
  'a changed row changes its asset, and an empty cell leaves a field as it is',
  withPlant(async (t, { user, importCsv, kernel }) => {
    const made = await importCsv(`key,name,type,model,version,cpes\nK-1,A,plc,X,1.0,${MOXA}\n`)
    const answer = await importCsv('key,name,type,model,version,cpes\nK-1,A2,plc,,2.0,\n')
    t.is(counts(answer), '200: 0 created, 1 updated, 0 unchanged, 0 failed')
    const { body } = await user.get(`/assets/${made.body.rows[0].id}`)
    t.like(body, { name: 'A2', model: 'X', version: '2.0', cpes: [MOXA] })
    const audits = (await kernel.audit('a')).filter(({ resource_id }) => resource_id === body.id)
    t.deepEqual(
      audits.map(({ action, before, after }) => [action, before, action === 'asset.updated' ? after : '']),
      [
        ['asset.created', null, ''],
        ['asset.updated', '{"name":"A","version":"1.0"}', '{"name":"A2","version":"2.0"}'],
      ],
    )
  }),
)

test(
  'without a key, a row is the asset of its name at its site',
  withPlant(async (t, { user, importCsv }) => {
    await user.post('/sites', { name: 'Plant South' })
    await importCsv('name,type,site\nPump,plc,Plant North\nPump,plc,Plant South\n')
    const one = await importCsv('name,type,site,model\nPUMP,plc,Plant South,X\n')
    t.is(counts(one), '200: 0 created, 1 updated, 0 unchanged, 0 failed')
    t.deepEqual(faults(await importCsv('name,type\nPump,plc\n')), [
      '2: name: 2 assets are called so; give each an external_key',
    ])
    await importCsv('name,type\nValve,plc\n')
    const moved = await importCsv('name,type,model\nvalve,plc,Y\n')
    t.is(counts(moved), '200: 0 created, 1 updated, 0 unchanged, 0 failed')
  }),
)

test(
  'names in letters beyond A to Z are found as they are written',
  withPlant(async (t, { user, importCsv }) => {
    await user.post('/sites', { name: 'Werk Österreich' })
    const csv = 'name,type,site\nÖlpumpe A,plc,werk Österreich\n'
    t.is(counts(await importCsv(csv)), '200: 1 created, 0 updated, 0 unchanged, 0 failed')
    t.is(counts(await importCsv(csv.toUpperCase())), '200: 0 created, 1 updated, 0 unchanged, 0 failed')
  }),
)

test(
  'a dry run says what would be done, and does nothing',
  withPlant(async (t, { user, importCsv, kernel }) => {
    await importCsv('key,name,type\nK-1,A,plc\nK-2,B,plc\n')
    const lines = (await kernel.audit('a')).length
    const csv = 'key,name,type\nK-1,A,plc\nK-2,B2,plc\nK-3,C,plc\nK-3,D,plc\nK-4,E,toaster\n'
    const dry = await importCsv(csv, '?dry_run=true')
    t.true(dry.body.dry_run)
    t.is(counts(dry), '200: 1 created, 1 updated, 1 unchanged, 2 failed')
    t.is((await user.get('/assets?count=true')).body.count, 2)
    t.is((await kernel.audit('a')).length, lines)
    const real = await importCsv(csv)
    t.is(counts(real), counts(dry))
    t.deepEqual(faults(real), faults(dry))
  }),
)

test(
  'wrong rows are reported with everything that is wrong, and cost no other row',
  withPlant(async (t, { user, importCsv }) => {
    const answer = await importCsv(
      'name,type,site,ip,cpes\n' +
        'A,plc,Plant North,10.0.0.1,\n' +
        'B,toaster,Nowhere,10.0.0.999,not-a-cpe\n' +
        'C,plc\n' +
        '"D,plc,,,\n' +
        ',plc,,,\n' +
        'A,plc,Plant North,10.0.0.2,\n' +
        'Z,plc,,,\n',
    )
    t.is(counts(answer), '200: 2 created, 0 updated, 0 unchanged, 5 failed')
    const [b, ...others] = faults(answer)
    t.regex(
      b ?? '',
      /^3: site: there is no site "Nowhere"; type: must be one of server, .*; ip_address: must be .*; cpes\.0: /,
    )
    t.deepEqual(others, [
      '4: the row has 2 cells, the header has 5',
      '5: the row has a quote that is not closed',
      '6: name: Invalid input: expected string, received undefined',
      '7: is the same asset as row 2',
    ])
    t.is((await user.get('/assets?count=true')).body.count, 2)
  }),
)

test(
  'bytes that are not UTF-8 cost their rows, so that no name is stored garbled',
  withPlant(async (t, { importCsv }) => {
    const answer = await importCsv(Buffer.from('name,type\nPump A,plc\nK\xfchlpumpe,plc\nPump B,plc\n', 'latin1'))
    t.is(counts(answer), '200: 2 created, 0 updated, 0 unchanged, 1 failed')
    t.deepEqual(faults(answer), ['3: name: is not UTF-8 text; save the file as "CSV UTF-8"'])
    const utf16 = Buffer.from('\ufeffname,type\nPump A,plc\n', 'utf16le')
    t.like(await importCsv(utf16), { status: 422, body: { error: 'invalid' } })
  }),
)

test(
  'a file that is no list of assets is refused',
  withPlant(async (t, { importCsv }) => {
    for (const csv of [
      ' ',
      'name\nA\n',
      'name,type,colour\nA,plc,red\n',
      '<!doctype html><html></html>',
      '%PDF-1.7\n',
    ]) {
      t.like(await importCsv(csv), { status: 422, body: { error: 'invalid' } }, csv)
    }
    t.is(counts(await importCsv('name,type\n')), '200: 0 created, 0 updated, 0 unchanged, 0 failed')
  }),
)

test(
  'site ids are taken, and checked',
  withPlant(async (t, { importCsv, site, user }) => {
    const answer = await importCsv(
      `name,type,site_id\nA,plc,${site.toUpperCase()}\nB,plc,01890000-0000-7000-8000-00000000000f\nC,plc,7\n`,
    )
    t.is(answer.body.created, 1)
    t.deepEqual(faults(answer), ['3: site_id: no site has this id', '4: site_id: Invalid GUID'])
    t.is((await user.get(`/assets/${answer.body.rows[0].id}`)).body.site_id, site)
  }),
)

test(
  'changing assets needs the permission to change them',
  withPlant(async (t, { kernel, importCsv, user }) => {
    await importCsv('key,name,type\nK-1,A,plc\n')
    const adder = await kernel.as('a', ['assets:create'])
    const csv = 'key,name,type\nK-1,A2,plc\nK-2,B,plc\n'
    for (const query of ['?dry_run=true', '']) {
      const answer = await adder.request('POST', `/assets/import${query}`, csv, { 'content-type': 'text/csv' })
      t.is(counts(answer), '200: 1 created, 0 updated, 0 unchanged, 1 failed')
      t.deepEqual(faults(answer), ['2: changes an asset, which needs the permission assets:update'])
    }
    t.is((await user.get('/assets?q=A2&count=true')).body.count, 0)
  }),
)

test(
  'a form with a file is imported, too',
  withPlant(async (t, { user }) => {
    const body =
      '--cut\r\nContent-Disposition: form-data; name="file"; filename="assets.csv"\r\nContent-Type: text/csv\r\n\r\n' +
      'name,type\nA,plc\n\r\n--cut--\r\n'
    const form = { 'content-type': 'multipart/form-data; boundary=cut' }
    t.is(
      counts(await user.request('POST', '/assets/import', body, form)),
      '200: 1 created, 0 updated, 0 unchanged, 0 failed',
    )
    const without = '--cut\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\n--cut--\r\n'
    t.is((await user.request('POST', '/assets/import', without, form)).status, 422)
  }),
)

test(
  'a form may ask for a dry run, and what it asks otherwise is refused',
  withPlant(async (t, { user }) => {
    const send = (name: string, value: string) =>
      user.request(
        'POST',
        '/assets/import',
        `--cut\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n` +
          '--cut\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n' +
          'name,type\nA,plc\n\r\n--cut--\r\n',
        { 'content-type': 'multipart/form-data; boundary=cut' },
      )
    t.like((await send('dry_run', 'true')).body, { dry_run: true, created: 1 })
    t.like(await send('dryRun', 'true'), { status: 422, body: { errors: [{ path: 'body.dryRun' }] } })
    t.is((await send('dry_run', 'perhaps')).status, 422)
    t.is((await user.get('/assets?count=true')).body.count, 0)
    t.like((await send('dry_run', 'false')).body, { dry_run: false, created: 1 })
  }),
)

test(
  'one tenant does not find the assets of another',
  withPlant(async (t, { kernel, importCsv }) => {
    const csv = 'key,name,type\nK-1,A,plc\n'
    await importCsv(csv)
    const other = await kernel.as('b')
    const answer = await other.request('POST', '/assets/import', csv, { 'content-type': 'text/csv' })
    t.is(counts(answer), '200: 1 created, 0 updated, 0 unchanged, 0 failed')
    t.is((await other.get('/assets')).body.items.length, 1)
  }),
)

test(
  'rows of many chunks are imported, found again and known as duplicates across chunks',
  withPlant(async (t, { importCsv, user }) => {
    const rows = Array.from({ length: 1_200 }, (_, i) => `Asset ${i},plc,${MOXA}`).join('\n')
    const csv = `name,type,cpes\n${rows}\nasset 3,plc,\n`
    const dry = await importCsv(csv, '?dry_run=true')
    const first = await importCsv(csv)
    t.is(counts(first), '200: 1200 created, 0 updated, 0 unchanged, 1 failed')
    t.is(counts(dry), counts(first))
    t.deepEqual(faults(first), ['1202: is the same asset as row 5'])
    t.is(counts(await importCsv(csv)), '200: 0 created, 0 updated, 1200 unchanged, 1 failed')
    t.is((await user.get('/assets?count=true&limit=1')).body.count, 1200)
  }),
)
