import test from 'ava'
import type { Answer } from '../../../kernel/testing/client.ts'
import { withFleet } from './fleet.ts'

const DAY_MS = 86_400_000

const refusal = ({ status, body }: Answer) => {
  const { trace_id: _, instance: __, ...said } = body
  return { status, said }
}

test(
  'a device registers with the key in the header',
  withFleet(async (t, fleet) => {
    const site = (await fleet.user.post('/sites', { name: 'Plant North' })).body
    const key = await fleet.provisioningKey({ site_id: site.id })
    const { status, body } = await fleet.register(key, { name: 'edge-1', location: 'Hall 2', type: 'network-sensor' })
    t.is(status, 201)
    t.deepEqual(Object.keys(body).sort(), ['device_id', 'device_key', 'tenant_id'])
    t.regex(body.device_key, /^dvc_[\w-]{43}$/)
    t.is(body.tenant_id, fleet.kernel.tenantId('a'))
    t.like(await fleet.shown({ id: body.device_id }), {
      name: 'edge-1',
      location: 'Hall 2',
      type: 'network-sensor',
      site_id: site.id,
      status: 'registered',
      last_seen_at: null,
    })
    const lines = JSON.stringify(await fleet.kernel.audit('a'))
    t.true(lines.includes('device.registered'))
    t.false(lines.includes(body.device_key))
  }),
)

test(
  'a device registers with the account and the key in the body',
  withFleet(async (t, fleet) => {
    const { status, body } = await fleet.kernel.anonymous.post('/devices/register', {
      account_name: 'Tenant-A',
      cloud_server: 'https://cloud.example',
      ingest_server: 'https://ingest.example',
      registration_key: await fleet.provisioningKey(),
    })
    t.is(status, 201)
    t.is(body.tenant_id, fleet.kernel.tenantId('a'))
    const device = await fleet.shown({ id: body.device_id })
    t.is(device.name, `Device ${body.device_id.slice(-12)}`)
    t.is(device.type, 'edge-device')
  }),
)

test(
  'whatever is wrong with the credential, the answer is the same',
  withFleet(async (t, fleet) => {
    const { kernel, user } = fleet
    const hour = new Date(kernel.clock.now().getTime() + 3_600_000).toISOString()
    const [expired, usedUp, good, other] = [
      await fleet.provisioningKey({ expires_at: hour }),
      await fleet.provisioningKey({ max_uses: 1 }),
      await fleet.provisioningKey(),
      await fleet.provisioningKey({}, 'b'),
    ]
    const revoked = (await user.post('/edge/keys', { label: 'revoked' })).body
    await user.delete(`/edge/keys/${revoked.id}`)
    t.is((await fleet.register(usedUp)).status, 201)
    kernel.clock.advance(3_600_000)
    const inBody = (account_name: string, registration_key: string) =>
      kernel.anonymous.post('/devices/register', { account_name, registration_key })
    const answers = {
      unknown: await fleet.register(`prov_${'x'.repeat(43)}`),
      'no key at all': await fleet.register('hello'),
      expired: await fleet.register(expired),
      'used up': await fleet.register(usedUp),
      revoked: await fleet.register(revoked.key),
      missing: await kernel.anonymous.post('/devices/register', { name: 'edge-1' }),
      'another account': await inBody('tenant-b', good),
      "another account's key": await inBody('tenant-a', other),
      'no such account': await inBody('nobody', good),
    }
    const expected = refusal(answers.unknown)
    t.like(expected, { status: 401, said: { error: 'invalid_registration' } })
    for (const [what, answer] of Object.entries(answers)) t.deepEqual(refusal(answer), expected, what)
    t.is((await fleet.register(good)).status, 201)
  }),
)

test(
  'nobody registers with an account whose licence has run out, once its grace is over',
  withFleet(async (t, fleet) => {
    const key = await fleet.provisioningKey()
    fleet.kernel.clock.advance(10 * 365 * DAY_MS + DAY_MS)
    t.is((await fleet.register(key)).status, 201, 'in its grace')
    fleet.kernel.clock.advance(14 * DAY_MS)
    t.is((await fleet.register(key)).body.error, 'invalid_registration')
    const [counted] = await fleet.kernel.kernel.runtime.database.knex('devices').count({ devices: '*' })
    t.is(Number(counted?.devices), 1)
  }),
)

test(
  'a bad body is 422',
  withFleet(async (t, fleet) => {
    const key = await fleet.provisioningKey()
    for (const [body, path] of [
      [{ name: 'two\nlines' }, 'body.name'],
      [{ name: 'x', type: 'no word' }, 'body.type'],
      [{ name: 'x', tenant_id: 'mine' }, 'body.tenant_id'],
      [{ registration_key: key }, 'body.account_name'],
    ] as const) {
      const answer = await fleet.register(key, body)
      t.is(answer.status, 422, JSON.stringify(body))
      t.is(answer.body.errors[0].path, path)
    }
    const malformed = await fleet.kernel.anonymous.request('POST', '/devices/register', '{', {
      'content-type': 'application/json',
      'x-provisioning-key': key,
    })
    t.is(malformed.status, 400)
  }),
)

test(
  'of many that register at once with a key for two, two get in',
  withFleet(async (t, fleet) => {
    const key = await fleet.provisioningKey({ max_uses: 2 })
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => fleet.register(key, { name: `edge-${n}` })))
    const statuses = answers.map(({ status }) => status).sort()
    t.deepEqual(statuses, [201, 201, 401, 401, 401, 401, 401, 401])
    t.is((await fleet.user.get('/edge/keys')).body.items[0].uses, 2)
    t.is((await fleet.user.get('/devices')).body.items.length, 2)
  }),
)

test(
  'an address that tries too often has to wait',
  withFleet(async (t, fleet) => {
    const key = `prov_${'x'.repeat(43)}`
    const answers = await Promise.all(Array.from({ length: 31 }, () => fleet.register(key)))
    t.is(answers.filter(({ status }) => status === 401).length, 30)
    t.is(answers.filter(({ status }) => status === 429).length, 1)
  }),
)
