import test from 'ava'
import jwt from 'jsonwebtoken'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { DOMAIN, logIn, type Person, panel } from './operators.ts'

const paths = [
  ['GET', '/admin/tenants'],
  ['GET', '/admin/tenants/01900000-0000-7000-8000-000000000000'],
  ['POST', '/admin/tenants/01900000-0000-7000-8000-000000000000/suspend'],
  ['POST', '/admin/tenants/01900000-0000-7000-8000-000000000000/resume'],
  ['POST', '/admin/tenants/01900000-0000-7000-8000-000000000000/licence/pull'],
  ['GET', '/admin/instances'],
  ['GET', '/admin/plugins'],
  ['GET', '/admin/jobs'],
  ['GET', '/admin/jobs/01900000-0000-7000-8000-000000000000'],
  ['POST', '/admin/jobs/01900000-0000-7000-8000-000000000000/retry'],
  ['GET', '/admin/jobs/definitions'],
  ['PUT', '/admin/jobs/definitions/upkeep/purge-idempotency-keys/disabled'],
  ['DELETE', '/admin/jobs/definitions/upkeep/purge-idempotency-keys/disabled'],
] as const

test('every route is for operators', async t => {
  await using kernel = await startTestKernel({ plugins: [], env: panel })
  const admin = await kernel.as('a', ['*'])
  const { client } = await logIn(kernel)
  for (const [method, path] of paths) {
    const refused = await admin.request(method, path, method === 'POST' ? {} : undefined)
    t.is(`${refused.status} ${refused.body.error}`, '403 forbidden', `${method} ${path}`)
    t.is((await kernel.anonymous.request(method, path)).status, 401, `${method} ${path}`)
    t.is(
      (await kernel.internal.request(method, path)).status,
      401,
      `${method} ${path}: the internal token is another key`,
    )
    const let_in = await client.request(method, path, method === 'POST' ? {} : undefined)
    t.not(let_in.status, 403, `${method} ${path}`)
  }
  const routes = kernel.kernel.catalogue.byName('admin')?.mount?.routes ?? []
  t.is(routes.length, paths.length, 'and these are all')
})

const nobody: Record<string, Person> = {
  'a tenant with every permission': { email: 'root@customer.example', permissions: ['*'] },
  'no second factor': { methods: 'pwd' },
  'a method that only looks like a second factor': { methods: 'pwd mfa2' },
  'an address that was not shown to be theirs': { verified: false },
  'a domain that ends with the same letters': { email: `eve@evil${DOMAIN}` },
  'a domain below': { email: `eve@sub.${DOMAIN}` },
  'a domain that begins with it': { email: `eve@${DOMAIN}.evil.example` },
}

for (const [name, person] of Object.entries(nobody)) {
  test(`no operator: ${name}`, async t => {
    await using kernel = await startTestKernel({ plugins: [], env: panel })
    const { client } = await logIn(kernel, person)
    const { status, body } = await client.get('/admin/tenants')
    t.is(`${status} ${body.error}`, '403 forbidden')
  })
}

test('a claim is not enough: neither a forged one nor one that was true once', async t => {
  await using kernel = await startTestKernel({ plugins: [], env: panel })
  const get = (token: string) => kernel.anonymous.get('/admin/tenants', { authorization: `Bearer ${token}` })
  const { token: plain } = await logIn(kernel, { email: 'root@customer.example' })
  const claims = { ...(jwt.decode(plain) as object), platform_admin: true }
  t.is((await get(jwt.sign(claims, 'another key that is long enough, too', { algorithm: 'HS256' }))).status, 401)
  const unsigned = [{ alg: 'none', typ: 'JWT' }, claims].map(part =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  t.is((await get(`${unsigned.join('.')}.`)).status, 401)
  t.is((await get(`${plain.split('.')[0]}.${unsigned[1]}.${plain.split('.')[2]}`)).status, 401)

  const { id, token } = await logIn(kernel)
  const { knex } = kernel.kernel.runtime.database
  await knex('users').where({ id }).update({ email_verified_at: null })
  t.is((await get(token)).status, 403, 'the address is not theirs any more')
  await knex('users').where({ id }).update({ active: false })
  const { token: other, id: otherId } = await logIn(kernel)
  await knex('refresh_tokens').where('user_id', otherId).update({ methods: 'pwd' })
  t.is((await get(other)).status, 403, 'the second factor is gone')
})

test('an API key makes no operator, not even one that an operator made', async t => {
  await using kernel = await startTestKernel({ plugins: [], env: panel })
  const { client } = await logIn(kernel, { permissions: ['*'] })
  t.is((await client.get('/admin/tenants')).status, 200)
  const made = await client.post('/api-keys', { name: 'pipeline', permissions: ['settings:read'] })
  t.is(made.status, 201)
  const { status, body } = await kernel.anonymous.get('/admin/tenants', { authorization: `Bearer ${made.body.key}` })
  t.is(`${status} ${body.error}`, '403 forbidden')
})

test('letters of the domain may be large', async t => {
  await using kernel = await startTestKernel({ plugins: [], env: panel })
  const { client } = await logIn(kernel, { email: `Olga@${DOMAIN.toUpperCase()}` })
  t.is((await client.get('/admin/tenants')).status, 200)
})

test('without the panel there is nothing: no route, no document, no claim', async t => {
  await using kernel = await startTestKernel({ plugins: [], env: { PLATFORM_ADMIN_EMAIL_DOMAIN: DOMAIN } })
  const { client, token } = await logIn(kernel)
  for (const [method, path] of paths) {
    const { status, body } = await client.request(method, path, method === 'POST' ? {} : undefined)
    t.is(`${status} ${body.error}`, '404 not_found', `${method} ${path}`)
  }
  t.false('platform_admin' in (jwt.decode(token) as object))
  t.false((await kernel.anonymous.get('/openapi.json')).text.includes('/admin/tenants'))
})

test('what is documented where there is a panel', async t => {
  await using kernel = await startTestKernel({ plugins: [], env: panel })
  const { body } = await kernel.anonymous.get('/openapi.json')
  t.deepEqual(body.paths['/api/v1/admin/tenants'].get.security, [{ bearer: [] }])
})

test('reads are limited', async t => {
  await using kernel = await startTestKernel({ plugins: [], env: panel })
  const { client } = await logIn(kernel)
  const answers = await Promise.all(Array.from({ length: 260 }, () => client.get('/admin/jobs?limit=1')))
  t.true(answers.some(({ status }) => status === 429))
})
