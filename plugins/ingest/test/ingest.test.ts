import test from 'ava'
import { line, startYard, withYard } from './yard.ts'

test(
  'a batch of every kind is stored as it came, and listed newest first',
  withYard(async (t, { device, stored, user }) => {
    const batch = [
      {
        kind: 'telemetry',
        timestamp: '2026-01-02T04:04:05+01:00',
        data: { cpu_percent: 12.5, rx_bytes: 10, gpu: 'none' },
      },
      line('disk is full', { id: 'LOG-1' }),
      { kind: 'security_alert', timestamp: '2026-01-02T03:04:05.123456Z', data: { title: 'Scan', severity: 'low' } },
      {
        kind: 'discovery',
        timestamp: '2026-01-02T03:04Z',
        data: { ip: '10.1.1.1', open_ports: [22, 502], hostname: '' },
      },
      {
        kind: 'backup_event',
        timestamp: '2024-02-29T00:00:00Z',
        data: { job_id: '01890000-0000-7000-8000-00000000000f', status: 'completed', size_bytes: 5 },
      },
    ]
    t.is((await device.send(batch)).status, 204)
    const items = await stored()
    t.deepEqual(
      items.map(({ kind, timestamp, data, event_id }) => ({ kind, timestamp, data, event_id })),
      [
        { ...batch[0], timestamp: '2026-01-02T03:04:05.000Z', event_id: null },
        { kind: 'log', timestamp: '2026-01-02T03:04:05.000Z', data: batch[1]?.data, event_id: 'LOG-1' },
        { ...batch[2], timestamp: '2026-01-02T03:04:05.123Z', event_id: null },
        { ...batch[3], timestamp: '2026-01-02T03:04:00.000Z', event_id: null },
        { ...batch[4], timestamp: '2024-02-29T00:00:00.000Z', event_id: null },
      ] as never,
    )
    t.true(items.every(({ device_id }) => device_id === device.id))
    t.deepEqual((await user.get('/ingest/events')).body.items, items.toReversed())
  }),
)

test(
  'an empty batch and one of a thousand are taken, one more is not',
  withYard(async (t, { device, user }) => {
    const lines = Array.from({ length: 1001 }, (_, at) => line(`line ${at}`))
    t.is((await device.send([])).status, 204)
    t.is((await device.send(lines.slice(1))).status, 204)
    const refused = await device.send(lines)
    t.deepEqual([refused.status, refused.body.error], [413, 'too_large'])
    t.is((await user.get('/ingest/events?count=true&limit=1')).body.count, 1000)
  }),
)

test(
  'a packed batch is taken, up to 1 MiB unpacked',
  withYard(async (t, { device, stored }) => {
    t.is((await device.sendPacked([line('packed')])).status, 204)
    const large = [line('x'.repeat(19_000))]
    const bomb = await device.sendPacked(Array.from({ length: 60 }, () => large[0]))
    t.deepEqual([bomb.status, bomb.body.error], [413, 'too_large'])
    t.is((await device.sendRaw('no gzip', { 'content-encoding': 'gzip' })).status, 400)
    t.deepEqual(
      (await stored()).map(({ data }) => data.message),
      ['packed'],
    )
  }),
)

test(
  'who is no device sends nothing, and neither does one that was revoked',
  withYard(async (t, { kernel, device, user, stored }) => {
    t.is((await kernel.anonymous.post('/v1/ingest', [line('x')])).status, 401)
    t.is((await user.post('/v1/ingest', [line('x')])).status, 401)
    t.is(
      (await kernel.anonymous.post('/v1/ingest', [line('x')], { 'x-device-key': `dvc_${'a'.repeat(43)}` })).status,
      401,
    )
    await user.delete(`/devices/${device.id}`)
    t.is((await device.send([line('x')])).status, 403)
    t.deepEqual(await stored(), [])
  }),
)

test(
  'users see the events of their tenant alone, by device, kind and time',
  withYard(async (t, { kernel, device, register, stored }) => {
    await device.send([line('old')])
    kernel.clock.advance(60_000)
    const middle = kernel.clock.now().toISOString()
    const other = await register()
    await other.send([line('new'), { kind: 'telemetry', timestamp: middle, data: { cpu_percent: 1 } }])
    const stranger = await register('b')
    await stranger.send([line('theirs')])
    const messages = async (query: string) => (await stored(query)).map(({ data }) => data.message ?? 'telemetry')
    t.deepEqual(await messages(''), ['old', 'new', 'telemetry'])
    t.deepEqual(await messages(`&device_id=${other.id}`), ['new', 'telemetry'])
    t.deepEqual(await messages('&kind=telemetry,discovery'), ['telemetry'])
    t.deepEqual(await messages(`&since=${middle}`), ['new', 'telemetry'])
    t.deepEqual(await messages(`&until=${middle}`), ['old'])
    t.deepEqual(await messages(`&device_id=${stranger.id}`), [])
    t.is((await (await kernel.as('a', [])).get('/ingest/events')).status, 403)
    t.is((await (await kernel.as('a', ['devices:read'])).get('/ingest/events?kind=smoke')).status, 422)
  }),
)

test('a device that sends too often is told when to come back', async t => {
  await using yard = await startYard({ env: { INGEST_REQUESTS_PER_MINUTE: '2' } })
  const { device } = yard
  const answers = [await device.send([]), await device.send([]), await device.send([])]
  t.deepEqual(
    answers.map(({ status }) => status),
    [204, 204, 429],
  )
  t.regex(String(answers[2]?.headers['retry-after']), /^\d+$/)
  t.is((await (await yard.register()).send([])).status, 204, 'another device is not held up')
})

test(
  'operators see what has come in, and how long ago',
  withYard(async (t, { device, kernel }) => {
    const gauges = kernel.kernel.catalogue.byName('ingest')?.gauges ?? []
    const read = async (name: string) => gauges.find(gauge => gauge.name === name)?.read()
    t.deepEqual(await read('event_age'), [])
    await device.send([line('one'), line('two')])
    await device.send([line('three'), { kind: 'smoke' }])
    kernel.clock.advance(5000)
    t.deepEqual(await read('event_age'), [{ value: 5 }])
    t.deepEqual(
      (await read('events_received'))?.filter(({ value }) => value > 0),
      [{ value: 2, attributes: { kind: 'log' } }],
    )
  }),
)
