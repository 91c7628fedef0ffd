import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import test from 'ava'
import { signWebhook } from '../../kernel/tenancy/webhook-signature.ts'
import { testsOnServer } from '../../kernel/testing/test-database.ts'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'
import { capturedLog } from '../kernel/testing/captured-log.ts'

const SECRET = 'the secret of the webhook'

test('a body without an end is answered 413, also where it is read raw', async t => {
  await using kernel = await startTestKernel({ plugins: [] })
  const server = createServer(kernel.kernel.app.callback()).listen(0)
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  for (const path of ['/internal/license/refresh', '/api/v1/auth/login']) {
    const body = new ReadableStream({ pull: pieces => pieces.enqueue(new Uint8Array(10_000).fill(32)) })
    const answer = await fetch(`http://localhost:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    })
    t.is(answer.status, 413, path)
    t.like(await answer.json(), { error: 'too_large' })
  }
})

test('a client that goes away in the middle of its body is no fault of ours', async t => {
  const log = capturedLog()
  await using kernel = await startTestKernel({ plugins: [], kernel: { logging: log.logging } })
  const server = createServer(kernel.kernel.app.callback()).listen(0)
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const socket = connect(port)
  const head =
    'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n'
  socket.write(`${head}{"email":`)
  await once(server, 'request')
  socket.destroy()
  const line = () => log.records().find(({ msg }) => msg === 'request')
  while (!line()) await new Promise(setImmediate)
  t.like(line(), { status: 400, error: 'malformed' })
  t.is(typeof line()?.trace_id, 'string')
  // On a slow server Agenda may complain of a turn that it saw while its end was being written.
  const own = ({ msg }: { msg?: unknown }): boolean => !testsOnServer || msg !== 'the job scheduler failed'
  t.deepEqual(
    log.records().filter(record => Number(record.level) >= 50 && own(record)),
    [],
  )
})

test('an answer names at most 50 faults, and cuts names that the caller made up', async t => {
  await using kernel = await startTestKernel({ plugins: [] })
  const client = await kernel.as('a')
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`field_${i}`, 1]))
  const body = await client.post('/groups', { name: 'x', ...many })
  t.is(body.status, 422)
  t.is(body.body.errors.length, 50)
  const long = await client.post('/groups', { name: 'x', ['k'.repeat(50_000)]: 1 })
  t.is(long.status, 422)
  t.true(long.text.length < 2000)
  const query = await client.get(`/me?${Array.from({ length: 500 }, (_, i) => `q${i}=1`).join('&')}`)
  t.is(query.status, 422)
  t.is(query.body.errors.length, 50)
})

test('names that every object has are no permissions', async t => {
  await using kernel = await startTestKernel({ plugins: [] })
  const client = await kernel.as('a')
  for (const key of ['constructor', '__proto__', 'toString', 'constructor.read', '__proto__:read', '*:*', '*:read']) {
    const { status, body } = await client.post('/groups', { name: key, permissions: [key] })
    t.is(status, 422, key)
    t.is(body.errors[0].path, 'body.permissions.0')
  }
})

test('a text with a NUL character is not looked for: databases would cut it off there', async t => {
  await using kernel = await startTestKernel({ plugins: [] })
  const { status, body } = await (await kernel.as('a')).get('/users?q=a%00b')
  t.is(status, 422)
  t.is(body.errors[0].path, 'query.q')
})

test('a licence ends at a moment that the databases can hold', async t => {
  await using kernel = await startTestKernel({ plugins: [], env: { CLOUD_WEBHOOK_HMAC_SECRET: SECRET } })
  const licence = { tenant_id: kernel.tenantId('a'), plan: 'p', features: [] }
  const send = (expires_at: string) => {
    const body = JSON.stringify({ ...licence, expires_at })
    return kernel.anonymous.post('/internal/license/refresh', body, {
      'content-type': 'application/json',
      'x-hmac-signature': signWebhook(SECRET, body),
    })
  }
  t.is((await send('9999-12-31T23:59:59Z')).status, 200)
  for (const time of ['9999-12-31T23:59:59-14:00', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00']) {
    const { status, body } = await send(time)
    t.is(status, 422, time)
    t.is(body.errors[0].path, 'body.expires_at')
  }
})
