import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import test from 'ava'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { SocketRefused, TestSocket } from '../../../kernel/testing/test-socket.ts'
import { isUpgrade } from '../../../kernel/ws/open-channel.ts'
import { bareKernel } from '../testing/bare-kernel.ts'
import { talkPlugin } from './talk-plugin.ts'

let t0: TestKernel
test.before(async () => {
  t0 = await startTestKernel({ plugins: [talkPlugin()], env: { ALLOW_ORIGINS: 'https://app.example' } })
})
test.after.always(() => t0?.[Symbol.asyncDispose]())

/** What an upgrade was answered with; fails when a socket opened. */
async function refusal(
  path: string,
  options: Parameters<typeof TestSocket.open>[1] = {},
  kernel = t0,
): Promise<SocketRefused> {
  try {
    await using _socket = await TestSocket.open(`${await kernel.socketUrl()}${path}`, options)
  } catch (error) {
    if (error instanceof SocketRefused) return error
    throw error
  }
  throw new Error(`a socket opened on ${path}`)
}

const bearer = async (permissions = ['talk:read'], kernel = t0): Promise<string> =>
  ((await kernel.as('a', permissions)).headers.authorization ?? '').slice('Bearer '.length)

test('a socket opens with a token in the query, in the subprotocol or in a header', async t => {
  const token = await bearer()
  const url = await t0.socketUrl()
  await using byQuery = await TestSocket.open(`${url}/api/ws/talk?token=${token}`)
  await using byProtocol = await TestSocket.open(`${url}/api/ws/talk`, { protocols: ['bearer', token] })
  await using byHeader = await TestSocket.open(`${url}/api/ws/talk`, { headers: { authorization: `Bearer ${token}` } })
  for (const socket of [byQuery, byProtocol, byHeader]) t.is((await socket.next('welcome')).data.actor, 'user')
  t.is(byProtocol.ws.protocol, 'bearer')
  t.is(byQuery.ws.protocol, '')
})

test('no token, and one that is none, are refused with 401', async t => {
  for (const path of ['/api/ws/talk', '/api/ws/talk?token=', '/api/ws/talk?token=nonsense']) {
    const { status, body } = await refusal(path)
    t.deepEqual([status, body.error], [401, 'unauthenticated'], path)
  }
  const percent = await refusal(`/api/ws/talk?%74oken=${await bearer()}`)
  t.is(percent.status, 401, 'a name that the log would not hide is taken')
})

test('the refusal is a problem like all others', async t => {
  const { status, body, headers } = await refusal('/api/ws/talk', {
    headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
  })
  t.is(status, 401)
  t.like(body, { status: 401, error: 'unauthenticated', instance: '/api/ws/talk', trace_id: 'a'.repeat(32) })
  t.is(headers['content-type'], 'application/problem+json; charset=utf-8')
  t.is(headers['x-content-type-options'], 'nosniff')
})

test('a channel that is not there is a 404', async t => {
  const token = await bearer()
  for (const path of ['/api/ws/nothing', '/api/ws/', '/api/ws/mute', '/api/ws/talk/', '/api/ws/TALK']) {
    const { status, body } = await refusal(`${path}?token=${token}`)
    t.deepEqual([status, body.error], [404, 'not_found'], path)
  }
})

test('another origin is refused with 403, an allowed one and the own are not', async t => {
  const token = await bearer()
  const { status, body } = await refusal(`/api/ws/talk?token=${token}`, { headers: { origin: 'https://evil.example' } })
  t.deepEqual([status, body.error], [403, 'origin_not_allowed'])
  const url = await t0.socketUrl()
  for (const origin of ['https://app.example', url.replace('ws:', 'http:')]) {
    await using socket = await TestSocket.open(`${url}/api/ws/talk?token=${token}`, { headers: { origin } })
    t.is((await socket.next()).type, 'welcome', origin)
  }
})

test('without the permission it is a 403 that names it', async t => {
  const { status, body } = await refusal(`/api/ws/talk?token=${await bearer(['talk:lead'])}`)
  t.deepEqual([status, body.error], [403, 'forbidden'])
  t.regex(body.detail, /talk:read/)
})

test('without the feature it is a 403, while the plugin runs for another tenant and when it does not', async t => {
  await using own = await startTestKernel({ plugins: [talkPlugin()] })
  const token = await bearer(['*'], own)
  await own.licence('a', [])
  t.is((await refusal(`/api/ws/talk?token=${token}`, {}, own)).body.error, 'feature_disabled')
  await own.licence('b', [])
  t.is(own.kernel.catalogue.byName('talk')?.state, 'stopped')
  const { status, body } = await refusal(`/api/ws/talk?token=${token}`, {}, own)
  t.deepEqual([status, body.error], [403, 'feature_disabled'])
})

test('more sockets than a tenant or an address may have are a 429, and a closed one makes room', async t => {
  for (const env of [{ LIMIT_SOCKETS_PER_TENANT: '2' }, { LIMIT_SOCKETS_PER_ADDRESS: '2' }]) {
    await using own = await startTestKernel({ plugins: [talkPlugin()], env })
    const token = await bearer(['*'], own)
    const first = await own.socket('a', ['*'], 'talk')
    await using _second = await own.socket('a', ['*'], 'talk')
    const { status, body, headers } = await refusal(`/api/ws/talk?token=${token}`, {}, own)
    t.deepEqual([status, body.error, headers['retry-after']], [429, 'too_many_requests', '30'])
    first.ws.close()
    await first.closed
    await using _third = await own.socket('a', ['*'], 'talk')
    t.is(own.kernel.runtime.sockets.size, 2)
  }
})

test('while the server starts it is a 503', async t => {
  const kernel = await bareKernel(t, { plugins: [] })
  t.teardown(() => kernel.stop())
  const server = createServer({ shouldUpgradeCallback: isUpgrade }, kernel.app.callback())
  server.on('upgrade', kernel.upgrade)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const refused = await t.throwsAsync(TestSocket.open(`ws://127.0.0.1:${port}/api/ws/jobs`), {
    instanceOf: SocketRefused,
  })
  t.deepEqual([refused?.status, refused?.body.error, refused?.headers['retry-after']], [503, 'starting', '1'])
})

test('while the server stops it is a 503', async t => {
  await using own = await startTestKernel({ plugins: [talkPlugin()] })
  const token = await bearer(['*'], own)
  await own.socketUrl()
  await own.kernel.closeSockets()
  const { status, body, headers } = await refusal(`/api/ws/talk?token=${token}`, {}, own)
  t.deepEqual([status, body.error, headers['retry-after']], [503, 'stopping', '5'])
})

test('a request that is no handshake is a 400', async t => {
  const { hostname, port } = new URL(await t0.socketUrl())
  const socket = connect(Number(port), hostname)
  socket.end(
    `GET /api/ws/talk?token=${await bearer()} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  )
  const answer = (await socket.toArray()).join('')
  t.regex(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
  t.regex(answer, /"error":"malformed"/)
})

test('a request without an Upgrade is told what is missing', async t => {
  const { status, body, headers } = await t0.anonymous.get('/api/ws/talk')
  t.deepEqual([status, body.error, headers.upgrade], [426, 'upgrade_required', 'websocket'])
})

test('a request that would like another protocol is served as it is', async t => {
  const { hostname, port } = new URL(await t0.socketUrl())
  const socket = connect(Number(port), hostname)
  socket.end('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n')
  t.regex((await socket.toArray()).join(''), /^HTTP\/1\.1 200 OK\r\n/)
})
