import test from 'ava'
import { LicencePull } from '../../../kernel/tenancy/licence-pull.ts'
import { askDueTenants } from '../../../kernel/tenancy/licence-round.ts'
import { ManagementClient } from '../../../kernel/tenancy/management-client.ts'
import { managementServer } from './management-server.ts'
import { DAY, quiet, TenancyHouse } from './tenancy-house.ts'

const MINUTE = 60_000

async function scene(t: Parameters<typeof managementServer>[0]) {
  const house = await TenancyHouse.open(t)
  const server = await managementServer(t)
  const pull = new LicencePull({
    client: new ManagementClient(server.url, 'the-token', 60_000),
    features: house.features,
    call: () => house.call().call,
    now: house.clock.now,
    log: quiet,
  })
  t.teardown(() => pull.stop())
  const expires_at = new Date(house.clock.time + 365 * DAY).toISOString()
  server.json((tenant_id: string) => ({ tenant_id, plan: 'p', features: ['vpn'], expires_at }))
  const round = (signal = new AbortController().signal) =>
    askDueTenants({ pull, db: house.db(), signal, now: house.clock.now, progress: () => undefined })
  const asked = () => server.asked.map(({ url }) => url.split('/')[4]).sort()
  return { house, server, round, asked }
}

test('a round asks for every tenant once an hour, whatever its state', async t => {
  const { house, server, round, asked } = await scene(t)
  const ids = [
    await house.tenant({ status: 'pending' }),
    await house.tenant({ expiresAt: new Date(house.clock.time + DAY) }),
    await house.tenant({ expiresAt: new Date(house.clock.time - 100 * DAY) }),
    await house.tenant({ status: 'suspended' }),
  ]
  t.deepEqual(await round(), { asked: 4, unreachable: false })
  t.deepEqual(asked(), [...ids].sort())
  t.is(house.features.tenant(ids[2] as string)?.tenant.status, 'active', 'a renewal that was missed')
  t.is(house.features.tenant(ids[3] as string)?.tenant.status, 'suspended')
  server.asked.length = 0
  t.deepEqual(await round(), { asked: 0, unreachable: false })
  house.clock.forward(54 * MINUTE)
  const late = await house.tenant({ status: 'pending' })
  await round()
  t.deepEqual(asked(), [late])
  house.clock.forward(6 * MINUTE)
  t.is((await round()).asked, 4)
})

test('who never got a licence is not asked for for ever', async t => {
  const { house, round } = await scene(t)
  await house.tenant({ status: 'pending' })
  house.clock.forward(31 * DAY)
  t.is((await round()).asked, 0)
})

test('a round ends early while Management is down, and the next goes on with the others', async t => {
  const { house, server, round, asked } = await scene(t)
  for (let i = 0; i < 12; i++) await house.tenant({ status: 'pending' })
  const { answer } = server
  server.answer = (_request, response) => void response.writeHead(500).end()
  const first = await round()
  t.true(first.unreachable)
  t.true(first.asked >= 5 && first.asked <= 8, `${first.asked} were tried`)
  const tried = new Set(asked())
  house.clock.forward(10 * MINUTE)
  server.answer = answer
  server.asked.length = 0
  t.deepEqual(await round(), { asked: 12 - tried.size, unreachable: false })
  t.false(asked().some(id => tried.has(id)))
})

test('a round that is interrupted goes on where it was', async t => {
  const { house, server, round, asked } = await scene(t)
  for (let i = 0; i < 8; i++) await house.tenant({ status: 'pending' })
  const controller = new AbortController()
  const { answer } = server
  server.answer = (request, response) => {
    if (server.asked.length === 3) controller.abort(new Error('stopping'))
    answer(request, response)
  }
  await t.throwsAsync(round(controller.signal))
  const before = asked()
  t.true(before.length < 8)
  server.asked.length = 0
  await round()
  t.true(asked().length < 8)
  t.is(new Set([...before, ...asked()]).size, 8)
})
