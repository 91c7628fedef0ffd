import type { ServerResponse } from 'node:http'
import test from 'ava'
import { ManagementClient, ManagementUnreachable } from '../../../kernel/tenancy/management-client.ts'
import { managementServer } from './management-server.ts'

const TENANT = '01900000-0000-7000-8000-0000000000ab'
const licence = { tenant_id: TENANT, plan: 'enterprise', features: ['vpn'], expires_at: '2030-01-01T00:00:00.000Z' }
const never = new AbortController().signal

test('asks for one tenant, with the token, and gives back its licence', async t => {
  const server = await managementServer(t)
  server.json({ ...licence, tenant_id: TENANT.toUpperCase() })
  const client = new ManagementClient(server.url, 'the-token', 60_000)
  t.deepEqual(await client.licence(TENANT, never), { kind: 'licence', licence })
  t.deepEqual(server.asked, [{ url: `/internal/v1/tenants/${TENANT}/license`, token: 'the-token' }])
})

test('a tenant that Management does not know has no licence there', async t => {
  const server = await managementServer(t)
  server.json({ error: 'not_found' }, 404)
  t.deepEqual(await new ManagementClient(server.url, 'x', 60_000).licence(TENANT, never), { kind: 'none' })
})

test('what is no licence of this tenant is of no use', async t => {
  const server = await managementServer(t)
  const client = new ManagementClient(server.url, 'x', 60_000)
  for (const [answer, reason] of [
    [
      { ...licence, tenant_id: '01900000-0000-7000-8000-0000000000cd' },
      /^answer\.tenant_id: it is a licence of 0190.*cd$/,
    ],
    [{ ...licence, features: 'vpn' }, /^answer\.features: /],
    [{ ...licence, expires_at: 'never' }, /^answer\.expires_at: /],
    [[licence], /^answer: /],
    [null, /^answer: /],
    ['a text', /^answer: /],
  ] as const) {
    server.json(answer)
    const got = await client.licence(TENANT, never)
    t.is(got.kind, 'unusable')
    t.regex(got.kind === 'unusable' ? got.reason : '', reason)
  }
})

const outages: Record<string, [answer: (response: ServerResponse) => void, reason: RegExp]> = {
  'an error': [response => response.writeHead(500, { 'content-type': 'application/json' }).end('{}'), /^500 with/],
  'an error page': [
    response => response.writeHead(502, { 'content-type': 'text/html' }).end('<p>'),
    /^502 with text\/html$/,
  ],
  'a page instead of JSON': [
    response => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>welcome'),
    /instead of JSON: MANAGEMENT_API_URL may be wrong$/,
  ],
  'a page that says it is not there': [
    response => response.writeHead(404, { 'content-type': 'text/html' }).end('<p>'),
    /^404 with text\/html$/,
  ],
  'JSON that is cut off': [
    response => response.writeHead(200, { 'content-type': 'application/json' }).end('{"tenant_id":'),
    /says it is JSON and is not$/,
  ],
  'a body without an end': [
    response => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = (): void => {
        while (response.write(Buffer.alloc(16_384, ' ')));
        response.once('drain', more)
      }
      more()
    },
    /^an answer of more than 64 kB$/,
  ],
  'a refusal of the token': [
    response => response.writeHead(401, { 'content-type': 'application/json' }).end('{}'),
    /^401: CLOUD_INTERNAL_API_TOKEN is not the one/,
  ],
  silence: [() => undefined, /^no answer within 200 ms$/],
  'a body that stops': [
    response => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    /^no answer within 200 ms$/,
  ],
  'a connection that breaks': [response => void response.socket?.destroy(), /./],
}

for (const [name, [answer, reason]] of Object.entries(outages)) {
  test(`Management is out of reach: ${name}`, async t => {
    const server = await managementServer(t)
    server.answer = (_request, response) => answer(response)
    const client = new ManagementClient(server.url, 'x', reason.source.includes('200 ms') ? 200 : 60_000)
    const error = await t.throwsAsync(client.licence(TENANT, never), { instanceOf: ManagementUnreachable })
    t.regex(error?.message ?? '', reason)
  })
}

test('nobody listens', async t => {
  const client = new ManagementClient('http://127.0.0.1:1', 'x')
  await t.throwsAsync(client.licence(TENANT, never), {
    instanceOf: ManagementUnreachable,
    message: /ECONNREFUSED|bad port/,
  })
})

test('a redirect is not followed: the token does not travel', async t => {
  const [server, elsewhere] = [await managementServer(t), await managementServer(t)]
  elsewhere.json(licence)
  const client = new ManagementClient(server.url, 'the-token', 60_000)
  for (const status of [301, 302, 303, 307, 308]) {
    server.answer = (request, response) =>
      void response.writeHead(status, { location: `${elsewhere.url}${request.url}` }).end()
    await t.throwsAsync(client.licence(TENANT, never), { message: new RegExp(`^${status}, a redirect`) })
  }
  t.deepEqual(elsewhere.asked, [])
})

test('an id cannot lead to another path', async t => {
  const server = await managementServer(t)
  await new ManagementClient(server.url, 'x', 60_000).licence('../../secrets?x=', never)
  t.is(server.asked[0]?.url, '/internal/v1/tenants/..%2F..%2Fsecrets%3Fx%3D/license')
})
