import test, { type ExecutionContext } from 'ava'
import { type ManagementServer, managementServer } from '../tenancy/management-server.ts'
import { DAY } from '../tenancy/tenancy-house.ts'
import { AccessHouse } from './access-house.ts'

async function scene(t: ExecutionContext): Promise<{ house: AccessHouse; management: ManagementServer }> {
  const management = await managementServer(t)
  return { house: await AccessHouse.open(t, { MANAGEMENT_API_URL: `${management.url}/` }), management }
}

const licence =
  (house: AccessHouse, days = 365) =>
  (tenant_id: string) => ({
    tenant_id,
    plan: 'enterprise',
    features: ['vpn'],
    expires_at: new Date(house.clock.time + days * DAY).toISOString(),
  })

/** Logs in every half minute until that works: on a slow machine an answer may take longer than a log-in waits for it. */
async function healed(house: AccessHouse, email: string): Promise<boolean> {
  for (let tries = 0; tries < 20; tries++) {
    house.clock.forward(30_000)
    if ((await house.login(email)).status === 200) return true
  }
  return false
}

test('a log-in heals a webhook that was missed', async t => {
  const { house, management } = await scene(t)
  const { email, tenantId } = await house.register()
  t.is((await house.login(email)).body.error, 'tenant_pending')
  management.json(licence(house))
  t.is((await house.login(email)).body.error, 'tenant_pending', 'asked a moment ago')
  t.true(await healed(house, email))
  t.is(house.kernel.tenancy.features.map(tenantId).vpn, true)
  const asked = management.asked.filter(({ url }) => url.includes(tenantId))
  t.deepEqual(new Set(asked.map(({ token }) => token)), new Set(['internal-token-of-the-tests']))
})

test('a renewal that was missed lets an expired tenant in again, and its sessions go on', async t => {
  const { house, management } = await scene(t)
  const person = await house.account()
  const session = await house.as(person)
  house.clock.forward(45 * DAY)
  t.is((await house.login(person.email)).body.error, 'license_expired')
  management.json(licence(house))
  t.true(await healed(house, person.email))
  t.is((await house.refresh(session.cookie)).status, 401, 'its own time is over, all the same')
})

test('a wrong password asks nobody', async t => {
  const { house, management } = await scene(t)
  const { email } = await house.register()
  const before = management.asked.length
  t.is((await house.login(email, 'wrong horse battery staple')).status, 401)
  t.is((await house.login('nobody@example.com')).status, 401)
  t.is(management.asked.length, before)
})

test('while Management is silent, grace is let in at once and others are told what they would have been', async t => {
  const { house, management } = await scene(t)
  const person = await house.account()
  house.clock.forward(31 * DAY)
  const asked = Promise.withResolvers<void>()
  management.answer = () => asked.resolve()
  const answer = await house.login(person.email)
  t.is(answer.status, 200)
  await asked.promise
  management.answer = (_request, response) => void response.writeHead(500).end()
  const pending = await house.register()
  const refused = await house.login(pending.email)
  t.is(refused.status, 403)
  t.is(refused.body.error, 'tenant_pending')
})

test('an outage shows in the health of the plugin, with its reason for operators', async t => {
  const { house, management } = await scene(t)
  const { email, tenantId } = await house.register()
  management.answer = (_request, response) => void response.writeHead(500).end()
  await house.login(email)
  const path = '/health/plugins/licences'
  const headers = { 'x-internal-token': 'internal-token-of-the-tests' }
  t.deepEqual((await house.send('GET', path)).body, { status: 'degraded', problems: { licences: 'degraded' } })
  const told = await house.send('GET', path, { headers })
  t.regex(told.body.problems.licences, /^Management cannot be asked for licences: 500/)
  t.is((await house.send('GET', '/health/ready')).status, 200, 'the instance goes on serving')
  management.json(licence(house)(tenantId))
  t.true(await healed(house, email))
  t.deepEqual((await house.send('GET', path)).body, { status: 'ok' })
})

test('without MANAGEMENT_API_URL nobody is asked', async t => {
  const house = await AccessHouse.open(t)
  t.is(house.kernel.tenancy.pull, undefined)
  t.false(
    house.kernel.runtime.scheduler.definitions.some(({ plugin, name }) => plugin === 'licences' && name === 'pull'),
  )
  const { email } = await house.register()
  t.is((await house.login(email)).body.error, 'tenant_pending')
})
