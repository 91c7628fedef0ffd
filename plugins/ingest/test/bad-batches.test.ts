import test from 'ava'
import { alert, line, seen, withYard } from './yard.ts'

const faultsOf = ({ body }: { body: { errors: { path: string; message: string }[] } }) =>
  body.errors.map(({ path, message }) => `${path}: ${message}`)

test(
  'every event that is wrong is named by its place, and nothing is stored',
  withYard(async (t, { device, stored }) => {
    const answer = await device.send([
      line('fine'),
      { kind: 'smoke', timestamp: 'yesterday', data: {} },
      { kind: 'log', data: { level: 'warn' }, colour: 'red' },
      seen({ hostname: 'plc-1' }),
      alert('x', { severity: 'awful', source_ip: '10.0.0.256' }),
      'log',
      null,
      line('fine', { id: '' }),
    ])
    t.deepEqual([answer.status, answer.body.error], [400, 'malformed'])
    const kinds = 'telemetry, log, security_alert, discovery, backup_event'
    const time = 'must be an ISO 8601 time with Z or an offset, since the year 2000'
    t.deepEqual(faultsOf(answer), [
      `1.timestamp: ${time}`,
      `1.kind: must be one of ${kinds}`,
      '2.colour: is not known here',
      `2.timestamp: ${time}`,
      '2.data.message: Invalid input: expected string, received undefined',
      '3.data.ip: ip or mac must be there',
      '4.data.severity: Invalid option: expected one of "info"|"low"|"medium"|"high"|"critical"',
      '4.data.source_ip: must be an IPv4 or IPv6 address',
      '5: must be an object',
      '6: must be an object',
      '7.id: must be 1 to 100 characters on one line, without a blank at either end',
    ])
    t.regex(answer.body.detail, /^Nothing was stored: 7 of 8 events are wrong, first 1\.timestamp: /)
    t.deepEqual(await stored(), [])
  }),
)

test(
  'a batch that is wrong all over is answered with its first hundred faults',
  withYard(async (t, { device }) => {
    const answer = await device.send(Array.from({ length: 1000 }, () => ({ kind: 'log' })))
    t.is(answer.status, 400)
    t.is(answer.body.errors.length, 100)
    t.regex(answer.body.detail, /1000 of 1000 events are wrong/)
  }),
)

test(
  'what is no array of events in JSON is refused',
  withYard(async (t, { device, stored }) => {
    const outcomes = await Promise.all(
      (
        [
          ['', {}],
          ['{"kind":"log"}', {}],
          ['[{"kind":', {}],
          ['"log"', {}],
          [Buffer.from([0x5b, 0xff, 0x5d]), {}],
          ['[]', { 'content-type': 'text/plain' }],
          ['[]', { 'content-encoding': 'br' }],
          [`[${' '.repeat(1_048_576)}]`, {}],
        ] as const
      ).map(async ([body, headers]) => {
        const { status, body: answer } = await device.sendRaw(body, headers)
        return `${status} ${answer.error}`
      }),
    )
    t.deepEqual(outcomes, [
      '400 malformed',
      '400 malformed',
      '400 malformed',
      '400 malformed',
      '400 malformed',
      '415 unsupported_media_type',
      '415 unsupported_media_type',
      '413 too_large',
    ])
    t.deepEqual(await stored(), [])
  }),
)

test(
  'times are days of the calendar, with an offset, and at most a day ahead',
  withYard(async (t, { device, kernel }) => {
    const ahead = (hours: number) => new Date(kernel.clock.now().getTime() + hours * 3_600_000).toISOString()
    const fine = ['2026-01-01T00:00:00+05:30', '2024-02-29T12:00:00Z', '2026-06-30T23:59:59.999999999Z', ahead(23)]
    const wrong = [
      '2026-02-29T12:00:00Z',
      '2026-02-29T12:00:00.000Z',
      '2026-04-31T00:00:00+01:00',
      '2026-01-01T00:00:00',
      '2026-01-01',
      '1999-12-31T23:59:59Z',
      '2026-13-01T00:00:00Z',
      1767225600,
      ahead(25),
    ]
    for (const timestamp of fine) t.is((await device.send([line('x', { timestamp })])).status, 204, timestamp)
    const answer = await device.send(wrong.map(timestamp => line('x', { timestamp })))
    t.deepEqual(
      answer.body.errors.map(({ path }: { path: string }) => path),
      wrong.map((_, at) => `${at}.timestamp`),
    )
    t.is(answer.body.errors.at(-1).message, 'lies more than a day in the future')
  }),
)

test(
  'text that no database keeps is refused in fields, and kept in what is not named',
  withYard(async (t, { device, stored }) => {
    const bad = [line('nul \0'), line('half \ud800'), seen({ ip: '10.0.0.1', hostname: 'two\nlines' })]
    const answer = await device.send(bad)
    t.deepEqual(
      answer.body.errors.map(({ path }: { path: string }) => path),
      ['0.data.message', '1.data.message', '2.data.hostname'],
    )
    const odd = { level: 'info', message: 'ü😀', extra: { nul: '\0', list: [1, null] } }
    t.is((await device.send([line('', { data: odd })])).status, 204)
    t.deepEqual((await stored())[0].data, odd)
  }),
)

test(
  'an event is at most 65,536 characters',
  withYard(async (t, { device }) => {
    const data = { level: 'info', message: 'x', extra: 'y'.repeat(65_536) }
    const { status, body } = await device.send([line('', { data })])
    t.is(status, 400)
    t.deepEqual(body.errors, [{ path: '0.data', message: 'may have at most 65536 characters as JSON' }])
  }),
)

test(
  'an event has at most 32 levels, over either way in',
  withYard(async (t, { device, stored }) => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    const batch = (levels: number) =>
      JSON.stringify([line('', { data: { level: 'info', message: 'x', extra: 0 } })]).replace(
        '"extra":0',
        `"extra":${nested(levels)}`,
      )
    const errors = [{ path: '0.data', message: 'may have at most 32 levels' }]
    for (const levels of [32, 30_000, 500_000]) {
      const { status, body } = await device.sendRaw(batch(levels))
      t.deepEqual([status, body.errors], [400, errors], `${levels} levels`)
    }
    await using socket = await device.connect()
    socket.ws.send(`{"type":"ingest","id":"f-1","data":{"number":1,"events":${batch(30_000)}}}`)
    const refused = await socket.next('error')
    t.deepEqual([refused.data.error, refused.data.errors], ['malformed', errors])
    t.deepEqual(await stored(), [])
    t.is((await device.sendRaw(batch(31))).status, 204)
  }),
)
