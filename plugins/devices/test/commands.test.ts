import test from 'ava'
import { MOST_OPEN } from '../command.ts'
import { withFleet } from './fleet.ts'

const HOUR = 3_600_000

test(
  'a command goes to its device, which says how it ended',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const sent = await fleet.send(device, { command: 'run_discovery', payload: { subnet: '10.10.1.0/24' } })
    t.like(sent, { device_id: device.id, command: 'run_discovery', status: 'queued', attempts: 0, result: null })
    t.is(Date.parse(sent.expires_at) - Date.parse(sent.created_at), 24 * HOUR)
    const { status, body } = await device.poll()
    t.is(status, 200)
    t.deepEqual(body, [
      {
        id: sent.id,
        command: 'run_discovery',
        payload: { subnet: '10.10.1.0/24' },
        attempt: 1,
        created_at: sent.created_at,
        expires_at: sent.expires_at,
      },
    ])
    t.like(await fleet.command(device, sent.id), { status: 'sent', attempts: 1 })
    const ack = await device.ack(sent.id, 'completed', { result: { found: 3 } })
    t.deepEqual([ack.status, ack.body], [200, { id: sent.id, status: 'completed' }])
    t.like(await fleet.command(device, sent.id), { status: 'completed', result: { found: 3 }, error: null })
    t.deepEqual((await device.poll()).body, [])
    const actions = (await fleet.kernel.audit('a')).map(({ action }) => action)
    t.true(actions.includes('device-command.sent'))
    t.true(actions.includes('device-command.completed'))
  }),
)

test(
  'commands come one at a time, in the order in which they were sent',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const ids: string[] = []
    for (let n = 0; n < 4; n++) {
      ids.push((await fleet.send(device, { command: 'config_update', payload: { n } })).id)
      // The clock stands still: their order must not rest on their time.
    }
    for (const [n, id] of ids.entries()) {
      const { body } = await device.poll()
      t.deepEqual(
        body.map((due: { id: string; payload: object }) => [due.id, due.payload]),
        [[id, { n }]],
      )
      t.deepEqual((await device.poll()).body, [], 'it was handed out a moment ago')
      await device.ack(id)
    }
    t.deepEqual((await device.poll()).body, [])
  }),
)

test(
  'only the first word of a device counts',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const { id } = await fleet.send(device)
    t.is((await device.ack(id)).status, 409, 'it was not sent yet')
    await device.poll()
    t.is((await device.ack(id, 'failed', { error: 'no such service' })).body.status, 'failed')
    const before = await fleet.command(device, id)
    t.deepEqual((await device.ack(id, 'failed', { error: 'no such service' })).body, { id, status: 'failed' })
    t.deepEqual((await device.ack(id, 'completed')).body, { id, status: 'failed' }, 'what is stored')
    t.deepEqual(await fleet.command(device, id), before)
    const lines = (await fleet.kernel.audit('a')).filter(({ action }) => String(action).startsWith('device-command.'))
    t.deepEqual(
      lines.map(({ action }) => action),
      ['device-command.sent', 'device-command.failed'],
    )
  }),
)

test(
  'an ack out of order is taken for what was sent only',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const [first, second] = [await fleet.send(device), await fleet.send(device)]
    await device.poll()
    t.is((await device.ack(second.id)).status, 409)
    t.is((await device.ack(first.id)).status, 200)
    t.is((await fleet.command(device, second.id)).status, 'queued')
  }),
)

test(
  "another device's command is not there, nor another tenant's",
  withFleet(async (t, fleet) => {
    const [one, two, other] = [await fleet.device('one'), await fleet.device('two'), await fleet.device('b', 'b')]
    const { id } = await fleet.send(one)
    await one.poll()
    for (const stranger of [two, other]) {
      t.deepEqual((await stranger.poll()).body, [])
      t.is((await stranger.ack(id)).status, 404)
    }
    t.is((await fleet.user.get(`/devices/${two.id}/commands/${id}`)).status, 404)
    t.is((await fleet.user.post(`/devices/${two.id}/commands/${id}/cancel`)).status, 404)
    t.is((await fleet.command(one, id)).status, 'sent')
  }),
)

test(
  'a device that never answers gets the command again, after longer and longer pauses, until it expires',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const { id } = await fleet.send(device, { command: 'config_update', expires_in_seconds: 3600 })
    const { clock } = fleet.kernel
    const attempts: number[] = []
    for (let second = 0; second < 3600; second += 10) {
      const { body } = await device.poll()
      if (body.length > 0) attempts.push(second)
      clock.advance(10_000)
    }
    t.deepEqual(attempts, [0, 30, 90, 210, 450, 930, 1530, 2130, 2730, 3330])
    t.deepEqual((await device.poll()).body, [])
    t.is(
      (await (await fleet.kernel.as('a', ['devices:read'])).get(`/devices/${device.id}/commands/${id}`)).body.status,
      'expired',
    )
  }),
)

test(
  'what expired or was cancelled does not come back, and what its device says later is kept apart',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const [expiring, cancelled, last] = [
      await fleet.send(device, { command: 'config_update', expires_in_seconds: 60 }),
      await fleet.send(device),
      await fleet.send(device),
    ]
    t.is((await device.poll()).body[0].id, expiring.id)
    fleet.kernel.clock.advance(60_000)
    t.is((await fleet.command(device, expiring.id)).status, 'expired', 'before any job has run')
    t.is((await device.poll()).body[0].id, cancelled.id, 'the next one does not wait for it')
    const cancel = () => fleet.user.post(`/devices/${device.id}/commands/${cancelled.id}/cancel`)
    t.is((await cancel()).body.status, 'cancelled')
    t.is((await cancel()).body.status, 'cancelled', 'again is harmless')
    t.is((await fleet.user.post(`/devices/${device.id}/commands/${expiring.id}/cancel`)).status, 409)
    t.deepEqual((await device.ack(expiring.id, 'completed', { result: 1 })).body, {
      id: expiring.id,
      status: 'expired',
    })
    t.deepEqual((await device.ack(cancelled.id, 'failed')).body, { id: cancelled.id, status: 'cancelled' })
    t.deepEqual((await device.ack(cancelled.id, 'completed')).body, { id: cancelled.id, status: 'cancelled' })
    t.like(await fleet.command(device, expiring.id), { status: 'expired', late_status: 'completed', result: 1 })
    t.like(await fleet.command(device, cancelled.id), { status: 'cancelled', late_status: 'failed' })
    t.is((await device.poll()).body[0].id, last.id)
  }),
)

test(
  'the job ends what has expired, and the filter agrees with what is shown before and after',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    await fleet.send(device, { command: 'config_update', expires_in_seconds: 60 })
    await fleet.send(device)
    fleet.kernel.clock.advance(60_000)
    const count = async (status: string) =>
      (await fleet.user.get(`/devices/${device.id}/commands?status=${status}`)).body.items.length
    const look = async () => [await count('queued'), await count('expired'), await count('queued,expired')]
    t.deepEqual(await look(), [1, 1, 2])
    const run = await fleet.kernel.job('devices', 'tend-commands', {})
    t.like(run.result, { expired: 1 })
    t.deepEqual(await look(), [1, 1, 2])
    t.is((await fleet.user.get(`/devices/${device.id}/commands?status=lost`)).status, 422)
    t.is((await fleet.user.get(`/devices/${device.id}/commands?device_id=${device.id}`)).status, 422)
  }),
)

test(
  'commands that nobody knows, or with a wrong payload, are refused',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const nested = JSON.parse(`${'[['.repeat(100)}${']]'.repeat(100)}`)
    for (const [body, path] of [
      [{ command: 'format_disk' }, 'body.command'],
      [{ command: 'restart_service' }, 'body.payload.service'],
      [{ command: 'restart_service', payload: { service: 'x', now: true } }, 'body.payload'],
      [{ command: 'update_snap', payload: { snap_name: 'edgezu' } }, 'body.payload.version'],
      [{ command: 'run_discovery', payload: { subnet: '10.0.0.0/33' } }, 'body.payload.subnet'],
      [{ command: 'run_discovery', payload: { subnet: '10.0.0.1' } }, 'body.payload.subnet'],
      [{ command: 'config_update', payload: [] }, 'body.payload'],
      [{ command: 'config_update', payload: { text: 'x'.repeat(16_384) } }, 'body.payload'],
      [{ command: 'config_update', payload: { nested } }, 'body.payload'],
      [{ command: 'config_update', expires_in_seconds: 0 }, 'body.expires_in_seconds'],
      [{ command: 'config_update', expires_in_seconds: 31 * 86_400 }, 'body.expires_in_seconds'],
      [{ command: 'config_update', expires_at: '2020-01-01T00:00:00Z' }, 'body.expires_at'],
      [{ command: 'config_update', expires_at: '2999-01-01T00:00:00Z' }, 'body.expires_at'],
      [{ command: 'config_update', expires_at: '2999-01-01T00:00:00Z', expires_in_seconds: 9 }, 'body.expires_at'],
    ] as const) {
      const answer = await fleet.user.post(`/devices/${device.id}/commands`, body)
      t.is(answer.status, 422, JSON.stringify(body).slice(0, 100))
      t.is(answer.body.errors[0].path, path, JSON.stringify(body).slice(0, 100))
    }
    t.deepEqual((await fleet.user.get(`/devices/${device.id}/commands`)).body.items, [])
  }),
)

test(
  'acks that cannot be are refused',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const { id } = await fleet.send(device)
    await device.poll()
    for (const [body, path] of [
      [{}, 'body.status'],
      [{ status: 'cancelled' }, 'body.status'],
      [{ status: 'completed', result: 'x'.repeat(65_536) }, 'body.result'],
      [`{"status":"completed","result":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'body.result'],
      [{ status: 'completed', command_id: id }, 'body.command_id'],
    ] as const) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const headers = { ...device.headers, 'content-type': 'application/json' }
      const answer = await fleet.kernel.anonymous.request('POST', `/commands/${id}/ack`, text, headers)
      t.is(answer.status, 422)
      t.is(answer.body.errors[0].path, path)
    }
    t.is((await device.ack(id, 'completed', { result: 'x'.repeat(65_000), error: 'y'.repeat(9_000) })).status, 200)
    t.is((await fleet.command(device, id)).error.length, 4_000)
  }),
)

test(
  'a device has a bounded number of open commands',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    for (let n = 0; n < MOST_OPEN; n++) await fleet.send(device)
    const refused = await fleet.user.post(`/devices/${device.id}/commands`, { command: 'config_update' })
    t.deepEqual([refused.status, refused.body.error], [409, 'too_many_commands'])
    const [due] = (await device.poll()).body
    await device.ack(due.id)
    t.truthy(await fleet.send(device))
  }),
)

test(
  'a repeat under the same idempotency key sends no second command',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const body = { command: 'restart_service', payload: { service: 'sensor' } }
    const post = () => fleet.user.post(`/devices/${device.id}/commands`, body, { 'idempotency-key': 'one' })
    t.is((await post()).body.id, (await post()).body.id)
    t.is((await fleet.user.get(`/devices/${device.id}/commands`)).body.items.length, 1)
  }),
)

test(
  'who may only look sends and cancels nothing',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const { id } = await fleet.send(device)
    const reader = await fleet.kernel.as('a', ['devices:read', 'devices:manage'])
    t.is((await reader.get(`/devices/${device.id}/commands/${id}`)).status, 200)
    t.is((await reader.post(`/devices/${device.id}/commands`, { command: 'config_update' })).status, 403)
    t.is((await reader.post(`/devices/${device.id}/commands/${id}/cancel`)).status, 403)
  }),
)

test(
  'commands that ended long ago are deleted at night, and no others',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const [done, cancelled, recent, open] = [
      await fleet.send(device),
      await fleet.send(device),
      await fleet.send(device),
      await fleet.send(device),
    ]
    await device.poll()
    await device.ack(done.id)
    await fleet.user.post(`/devices/${device.id}/commands/${cancelled.id}/cancel`)
    fleet.kernel.clock.advance(1_000)
    await device.poll()
    await device.ack(recent.id)
    const { knex } = fleet.kernel.kernel.runtime.database
    await knex('device_commands').where({ id: open.id }).update({ expires_at: '2999-01-01T00:00:00.000Z' })
    fleet.kernel.clock.advance(90 * 24 * HOUR)
    t.like((await fleet.kernel.job('devices', 'retention', {})).result, { deleted: 2 })
    const left: { id: string }[] = await knex('device_commands').select('id').orderBy('position')
    t.deepEqual(
      left.map(({ id }) => id),
      [recent.id, open.id],
    )
  }),
)

test(
  'operators see how many commands wait, and for how long',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const read = async (name: string) => {
      const gauge = fleet.kernel.kernel.catalogue.byName('devices')?.gauges.find(found => found.name === name)
      return (await gauge?.read())?.map(({ value, attributes }) => [value, attributes?.status])
    }
    t.deepEqual(await read('oldest_queued_command'), [[0, undefined]])
    for (let n = 0; n < 3; n++) await fleet.send(device)
    await device.poll()
    fleet.kernel.clock.advance(90_000)
    t.deepEqual((await read('open_commands'))?.toSorted(), [
      [1, 'sent'],
      [2, 'queued'],
    ])
    t.deepEqual(await read('oldest_queued_command'), [[90, undefined]])
  }),
)
