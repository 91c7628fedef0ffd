import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { Cloud, NotTaken } from '../cloud.ts'

const licence = {
  tenant_id: '01900000-0000-7000-8000-000000000000',
  plan: 'p',
  features: ['vpn'],
  expires_at: '2030-01-01T00:00:00.000Z',
  issued_at: '2026-01-01T00:00:00.000Z',
}

/** A Cloud that answers as it is told, one status after the other. */
async function cloud(t: ExecutionContext, ...statuses: number[]) {
  const heard: IncomingMessage['headers'][] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    heard.push(request.headers)
    const status = statuses.shift() ?? 200
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ tenant_id: licence.tenant_id, status: 'active', features: ['vpn'], revision: 1 }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { heard, cloud: new Cloud({ url, secret: 's', pauses: [1, 1, 1] }) }
}

test('what does not arrive is sent again', async t => {
  const { cloud: c, heard } = await cloud(t, 503, 429)
  t.is((await c.send(licence)).status, 'active')
  t.is(heard.length, 3)
  t.regex(String(heard[0]?.['x-hmac-signature']), /^sha256=[0-9a-f]{64}$/)
  t.regex(String(heard[0]?.['x-hmac-timestamp']), /^\d{10}$/)
})

test('after some tries it is given up, for now', async t => {
  const { cloud: c, heard } = await cloud(t, 500, 500, 500, 500, 500)
  const error = await t.throwsAsync(c.send(licence), { instanceOf: NotTaken })
  t.false(error?.final)
  t.is(heard.length, 4)
})

test('what is refused for good is not sent again', async t => {
  for (const status of [401, 404, 422]) {
    const { cloud: c, heard } = await cloud(t, status)
    const error = await t.throwsAsync(c.send(licence), { instanceOf: NotTaken })
    t.true(error?.final)
    t.is(heard.length, 1)
  }
})

test('a Cloud that does not run is named, with what to do', async t => {
  const c = new Cloud({ url: 'http://127.0.0.1:2', secret: 's', pauses: [] })
  await t.throwsAsync(c.send(licence), {
    message: /^http:\/\/127\.0\.0\.1:2 does not answer \(.*\); is Cloud running\?/,
  })
})
