import test from 'ava'
import type { TestSocket } from '../../../kernel/testing/test-socket.ts'
import { SocketRefused } from '../../../kernel/testing/test-socket.ts'
import { eventually, withFleet } from './fleet.ts'

/** Sends a frame and waits until it is handled: its answer is an error, or that of the `hello` after it. */
async function told(socket: TestSocket, type: string, data: unknown) {
  socket.send(type, data, 'mine')
  socket.send('hello', {}, 'next')
  for (;;) {
    const frame = await socket.next()
    if (frame.type === 'error') {
      await socket.next('config')
      return frame
    }
    if (frame.type === 'config' && frame.id === 'next') return undefined
  }
}

test(
  'a device says hello, and is told what it is called here',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    await using socket = await device.connect()
    const snaps = [{ name: 'edgezu', version: '1.4.0' }]
    socket.send('hello', { version: '2.1.0', ip_address: '10.10.1.5', snaps }, 'first')
    const { id, data } = await socket.next('config')
    t.is(id, 'first')
    t.like(data, { device_id: device.id, name: 'edge-1', site_id: null, heartbeat_seconds: 30 })
    t.like(await fleet.shown(device), { status: 'connected', version: '2.1.0', ip_address: '10.10.1.5' })
    const { items } = (await fleet.user.get(`/devices/${device.id}/snaps`)).body
    t.like(items[0], { name: 'edgezu', version: '1.4.0', status: 'installed' })
    await fleet.user.patch(`/devices/${device.id}`, { name: 'edge-north' })
    t.is((await socket.next('config')).data.name, 'edge-north')
  }),
)

test(
  'a command goes out at once to a device that is connected, and the next one after its ack',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    await using socket = await device.connect()
    await told(socket, 'heartbeat', {})
    const first = await fleet.send(device)
    t.like(first, { status: 'sent', attempts: 1 })
    const second = await fleet.send(device)
    t.is(second.status, 'queued')
    const { data } = await socket.next('command')
    t.like(data, { id: first.id, command: 'restart_service', payload: { service: 'sensor' }, attempt: 1 })
    t.is(await told(socket, 'heartbeat', {}), undefined, 'it is not sent again for now')
    t.is(socket.waiting.length, 0)
    socket.send('ack', { id: first.id, status: 'completed', result: { took_ms: 12 } }, 'done')
    t.is((await socket.next('command')).data.id, second.id)
    t.like(await fleet.command(device, first.id), { status: 'completed', result: { took_ms: 12 } })
    socket.send('ack', { id: second.id, status: 'rejected', error: 'not now' })
    await eventually('it is rejected', async () => (await fleet.command(device, second.id)).status === 'rejected')
  }),
)

test(
  'what waited goes out when the device connects, and what was lost with a socket goes out on the next one',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const { id } = await fleet.send(device)
    {
      await using socket = await device.connect()
      t.like((await socket.next('command')).data, { id, attempt: 1 })
    }
    await using again = await device.connect()
    t.like((await again.next('command')).data, { id, attempt: 2 })
    t.is(await told(again, 'ack', { id, status: 'completed' }), undefined)
    t.like(await fleet.command(device, id), { status: 'completed', attempts: 2 })
  }),
)

test(
  'a newer socket takes over: the older one is closed, and what it had is sent again',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    await using older = await device.connect()
    const { id } = await fleet.send(device)
    t.is((await older.next('command')).data.id, id)
    await using newer = await device.connect()
    t.like((await newer.next('command')).data, { id, attempt: 2 })
    t.is((await older.closed).code, 4409)
    const [row] = await fleet.kernel.kernel.runtime.database.knex('devices').where({ id: device.id })
    t.truthy(row.socket_id, 'the end of the older one takes nothing from the newer one')
    t.is(await told(newer, 'ack', { id, status: 'completed' }), undefined)
    const second = await fleet.send(device)
    t.is((await newer.next('command')).data.id, second.id)
  }),
)

test(
  'a connected device that does not answer gets the command again with a heartbeat, or by the job',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    await using socket = await device.connect()
    const { id } = await fleet.send(device)
    t.is((await socket.next('command')).data.attempt, 1)
    fleet.kernel.clock.advance(30_000)
    socket.send('heartbeat')
    t.like((await socket.next('command')).data, { id, attempt: 2 })
    fleet.kernel.clock.advance(60_000)
    t.like((await fleet.kernel.job('devices', 'tend-commands', {})).result, { sent: 1 })
    t.like((await socket.next('command')).data, { id, attempt: 3 })
    t.like((await fleet.kernel.job('devices', 'tend-commands', {})).result, { sent: 0 })
  }),
)

test(
  'when the command in front is cancelled or expires, the next one goes out',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    await using socket = await device.connect()
    const [first, second, third] = [
      await fleet.send(device),
      await fleet.send(device, { command: 'config_update', expires_in_seconds: 60 }),
      await fleet.send(device),
    ]
    t.is((await socket.next('command')).data.id, first.id)
    await fleet.user.post(`/devices/${device.id}/commands/${first.id}/cancel`)
    t.is((await socket.next('command')).data.id, second.id)
    fleet.kernel.clock.advance(60_000)
    await fleet.kernel.job('devices', 'tend-commands', {})
    t.is((await socket.next('command')).data.id, third.id)
  }),
)

test(
  'commands and acks may change between the socket and HTTP',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    await using socket = await device.connect()
    const [first, second] = [await fleet.send(device), await fleet.send(device)]
    t.is((await socket.next('command')).data.id, first.id)
    t.deepEqual((await device.poll()).body, [], 'the socket has it')
    t.is((await device.ack(first.id)).status, 200)
    t.is((await socket.next('command')).data.id, second.id)
  }),
)

test(
  'frames that cannot be get an error, and the socket goes on',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const other = await fleet.device('other')
    const { id } = await fleet.send(other)
    await other.poll()
    await using socket = await device.connect()
    for (const [type, data, error] of [
      ['ack', { id, status: 'completed' }, 'not_found'],
      ['ack', { id: 'mine', status: 'completed' }, 'invalid'],
      ['ack', { id, status: 'done' }, 'invalid'],
      ['hello', { version: 'a\nb' }, 'invalid'],
      ['hello', { ip_address: '10.0.0.300' }, 'invalid'],
      ['hello', { device_id: other.id }, 'invalid'],
      ['command', {}, 'invalid'],
      ['config', {}, 'invalid'],
    ] as const) {
      const answer = await told(socket, type, data)
      t.is(answer?.data.error, error, `${type} ${JSON.stringify(data)}`)
      t.is(answer?.id, 'mine')
    }
    t.is((await fleet.command(other, id)).status, 'sent')
  }),
)

test(
  'revoking a device closes its socket, and it does not get in again',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const neighbour = await fleet.device('neighbour')
    await using socket = await device.connect()
    await using next = await neighbour.connect()
    t.is((await fleet.user.delete(`/devices/${device.id}`)).status, 204)
    t.is((await socket.closed).code, 4401)
    const refused = await t.throwsAsync(device.connect(), { instanceOf: SocketRefused })
    t.deepEqual([refused.status, refused.body.error], [403, 'device_revoked'])
    const [row] = await fleet.kernel.kernel.runtime.database.knex('devices').where({ id: device.id })
    t.is(row.socket_id, null)
    t.is(await told(next, 'heartbeat', {}), undefined, 'others stay')
  }),
)

test(
  'who has no device key is not let in',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const other = await fleet.kernel.as('a')
    for (const headers of [{}, other.headers, { 'x-device-key': `dvc_${'x'.repeat(43)}` }]) {
      const { TestSocket } = await import('../../../kernel/testing/test-socket.ts')
      const open = TestSocket.open(`${await fleet.kernel.socketUrl()}/api/ws/edge`, { headers })
      const refused = await t.throwsAsync(open, { instanceOf: SocketRefused })
      t.is(refused.status, 401)
    }
    await using _socket = await device.connect()
  }),
)
