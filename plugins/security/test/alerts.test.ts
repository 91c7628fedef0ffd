import test from 'ava'
import { AT, DEVICE, withDesk } from './desk.ts'

const at = (hours: number) => new Date(Date.parse(AT) + hours * 3_600_000).toISOString()

test(
  'what a device reports is an open alert',
  withDesk(async (t, desk) => {
    await desk.report([
      {
        title: 'Port scan',
        source_ip: '10.0.0.9',
        destination_ip: '10.0.0.1',
        description: 'many ports',
        details: { signature: 7 },
      },
    ])
    const alert = await desk.only()
    const now = desk.kernel.clock.now().toISOString()
    t.deepEqual(alert, {
      id: alert.id,
      source: 'device',
      status: 'open',
      severity: 'high',
      title: 'Port scan',
      description: 'many ports',
      source_ip: '10.0.0.9',
      destination_ip: '10.0.0.1',
      device_id: DEVICE,
      asset_id: null,
      cve_id: null,
      details: { signature: 7 },
      occurrences: 1,
      occurred_at: AT,
      last_seen_at: AT,
      assignee_id: null,
      acknowledged_at: null,
      acknowledged_by: null,
      closed_at: null,
      closed_by: null,
      close_reason: null,
      close_note: null,
      created_at: now,
      updated_at: now,
    })
    t.deepEqual((await desk.user.get(`/security/alerts/${alert.id}`)).body, alert)
  }),
)

test(
  'what comes again is counted, while it is not closed and within a day',
  withDesk(async (t, desk) => {
    const scan = { title: 'Scan', source_ip: '10.0.0.9' }
    await desk.report([
      { ...scan, occurred_at: at(1) },
      { ...scan, occurred_at: at(0) },
      { ...scan, severity: 'low' },
      { ...scan, source_ip: '10.0.0.8' },
      { ...scan, title: 'SCAN' },
    ])
    await desk.report([{ ...scan, occurred_at: at(20) }])
    await desk.report([{ ...scan, occurred_at: at(2) }])
    await desk.report([scan], { device_id: '01890000-0000-7000-8000-00000000000e' })
    const counts = async () => (await desk.alerts()).map(({ occurrences }) => occurrences)
    t.deepEqual(await counts(), [4, 1, 1, 1, 1])
    const [first] = await desk.alerts()
    t.like(first, { occurred_at: at(0), last_seen_at: at(20) })

    await desk.act(first.id, 'acknowledge')
    await desk.report([{ ...scan, occurred_at: at(44) }])
    t.like((await desk.alerts())[0], { occurrences: 5, status: 'acknowledged' })
    await desk.report([{ ...scan, occurred_at: at(69) }])
    t.deepEqual(await counts(), [5, 1, 1, 1, 1, 1])
    await desk.report([{ ...scan, occurred_at: at(70) }])
    t.deepEqual(await counts(), [5, 1, 1, 1, 1, 2])

    await desk.act((await desk.alerts()).at(-1).id, 'close', { reason: 'resolved' })
    await desk.report([{ ...scan, occurred_at: at(71) }])
    t.deepEqual(await counts(), [5, 1, 1, 1, 1, 2, 1])
  }),
)

test(
  'an event that is delivered twice is counted once',
  withDesk(async (t, desk) => {
    await desk.report([{ title: 'Scan' }])
    const { database, delivery } = desk.kernel.kernel.runtime
    await database
      .knex('outbox_lanes')
      .where({ plugin: 'security' })
      .update({ after_batch: 0, due_at: new Date(0) })
    await delivery.settle()
    t.is((await desk.only()).occurrences, 1)
    const [lane] = await database.knex('outbox_lanes').where({ plugin: 'security' })
    t.true(Number(lane?.after_batch) > 0, 'it was delivered again')
  }),
)

test(
  'an alert is about the asset with its address, when that is clear',
  withDesk(async (t, desk) => {
    const { user } = desk
    const [north, south] = await Promise.all(
      ['North', 'South'].map(async name => (await user.post('/sites', { name })).body.id as string),
    )
    const add = async (ip_address: string, site_id: string | undefined) =>
      (await user.post('/assets', { name: ip_address, type: 'plc', ip_address, site_id: site_id ?? null })).body.id
    const press = await add('10.0.0.1', north)
    const twin = await add('10.0.0.1', south)
    const wide = await add('2001:db8::1', undefined)
    await add('10.0.0.2', north)
    const linked = async (ips: { source_ip?: string; destination_ip?: string }, site_id?: string) => {
      await desk.report([{ title: `from ${JSON.stringify([ips, site_id])}`, ...ips }], { site_id: site_id ?? null })
      return (await desk.alerts()).at(-1).asset_id
    }
    t.is(await linked({ source_ip: '192.0.2.1', destination_ip: '10.0.0.1' }, north), press)
    t.is(await linked({ source_ip: '10.0.0.1' }, south), twin)
    t.is(await linked({ source_ip: '10.0.0.1' }), null, 'two sites have it')
    t.is(await linked({ source_ip: '10.0.0.2' }, south), null, 'it stands at another site')
    t.is(await linked({ source_ip: '10.0.0.1', destination_ip: '10.0.0.2' }, north), null, 'two assets')
    t.is(await linked({ destination_ip: '2001:DB8:0::1' }, north), wide, 'however it is written')
  }),
)

test(
  'a critical CVE is one alert, and stays one when it is closed',
  withDesk(async (t, desk) => {
    await desk.find({ kev: true, cause: 'kev', cvss_score: 5, kev_due_date: '2026-02-01' })
    const alert = await desk.only()
    t.like(alert, {
      source: 'vulnerability',
      severity: 'high',
      cve_id: 'CVE-2021-44228',
      asset_id: DEVICE,
      device_id: null,
    })
    t.is(alert.title, 'CVE-2021-44228 is being exploited, and affects 1 asset')
    t.like(alert.details, { kev_due_date: '2026-02-01', assets: 1 })
    await desk.act(alert.id, 'close', { reason: 'resolved' })
    await desk.find()
    t.is((await desk.only()).status, 'closed')
    await desk.find({ cve_id: 'CVE-2020-0001', asset_ids: [DEVICE, alert.id] })
    t.like((await desk.alerts()).at(-1), { severity: 'critical', asset_id: null, occurrences: 1 })
  }),
)

test(
  'alerts are found by what they are, and by when they came last',
  withDesk(async (t, desk) => {
    const { user, kernel } = desk
    await desk.report([
      { title: 'Scan', source_ip: '10.0.0.9' },
      { title: 'Brute force', severity: 'critical', description: 'ssh', occurred_at: at(1) },
    ])
    await desk.find()
    const titles = async (query: string) => (await desk.alerts(query)).map(({ title }) => title.split(' ')[0])
    t.deepEqual(await titles('&severity=critical'), ['Brute', 'CVE-2021-44228'])
    t.deepEqual(await titles('&source=device'), ['Scan', 'Brute'])
    t.deepEqual(await titles(`&device_id=${DEVICE}&severity=high,low`), ['Scan'])
    t.deepEqual(await titles(`&asset_id=${DEVICE}`), ['CVE-2021-44228'])
    t.deepEqual(await titles('&q=SSH'), ['Brute'])
    t.deepEqual(await titles('&q=10.0.0.9'), ['Scan'])
    t.deepEqual(await titles(`&since=${encodeURIComponent(at(1))}`), ['Brute'])
    t.is((await user.get('/security/alerts')).body.items[0].title, 'Brute force', 'the last to come is the first')
    t.is((await user.get('/security/alerts?status=gone')).status, 422)

    const summary = { total: 3, active: 3, by_status: { open: 3, acknowledged: 0, closed: 0 } }
    t.like((await user.get('/security/alerts/summary')).body, summary)
    await desk.act((await desk.alerts())[0].id, 'close', { reason: 'expected' })
    t.deepEqual((await user.get('/security/alerts/summary')).body, {
      total: 3,
      active: 2,
      by_status: { open: 2, acknowledged: 0, closed: 1 },
      by_severity: { critical: 2, high: 0, medium: 0, low: 0, info: 0 },
    })
    t.deepEqual((await (await kernel.as('b')).get('/security/alerts')).body.items, [])
    t.is((await (await kernel.as('a', ['security:manage'])).get('/security/alerts')).status, 403)
  }),
)
