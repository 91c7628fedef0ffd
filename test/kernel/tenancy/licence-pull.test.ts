import test, { type ExecutionContext } from 'ava'
import type { PlatformCall } from '../../../kernel/contract.ts'
import { LicencePull } from '../../../kernel/tenancy/licence-pull.ts'
import { ManagementClient } from '../../../kernel/tenancy/management-client.ts'
import { memoryLog } from '../jobs/memory-log.ts'
import { type ManagementServer, managementServer } from './management-server.ts'
import { DAY, START, TenancyHouse } from './tenancy-house.ts'

const later = (ms: number): string => new Date(START.getTime() + ms).toISOString()
const licenceOf = (tenant_id: string, more: object = {}) => ({
  tenant_id,
  plan: 'enterprise',
  features: ['vpn'],
  expires_at: later(365 * DAY),
  ...more,
})

interface Scene {
  readonly house: TenancyHouse
  readonly server: ManagementServer
  readonly pull: LicencePull
  readonly lines: readonly string[]
  readonly call: () => PlatformCall
}

async function scene(t: ExecutionContext, patience = {}): Promise<Scene> {
  const house = await TenancyHouse.open(t)
  const server = await managementServer(t)
  const log = memoryLog()
  const call = () => house.call().call
  const pull = new LicencePull({
    client: new ManagementClient(server.url, 'the-token', 60_000),
    features: house.features,
    call,
    now: house.clock.now,
    log,
    patience,
  })
  t.teardown(() => pull.stop())
  return { house, server, pull, lines: log.lines, call }
}

const statusOf = ({ house }: Scene, id: string): string | undefined => house.features.tenant(id)?.tenant.status

test('what Management has is in force once it was asked', async t => {
  const s = await scene(t)
  const id = await s.house.tenant({ status: 'pending' })
  await s.house.features.start()
  t.teardown(() => s.house.features.stop())
  s.server.json(licenceOf(id))
  t.is(statusOf(s, id), 'pending')
  await s.pull.askNow(id)
  t.is(statusOf(s, id), 'active')
  t.true(s.house.features.tenant(id)?.features.has('vpn'))
  t.deepEqual(await s.pull.askNow(id), {
    kind: 'stored',
    licence: { tenant_id: id, status: 'active', features: ['vpn'], revision: s.house.features.current().revision },
  })
})

test('log-ins at the same time ask once, and at most every half minute', async t => {
  const s = await scene(t)
  const id = await s.house.tenant({ status: 'pending' })
  const other = await s.house.tenant({ status: 'pending' })
  await Promise.all(Array.from({ length: 20 }, () => s.pull.ask(id)))
  t.is(s.server.asked.length, 1)
  s.house.clock.forward(29_999)
  await s.pull.ask(id)
  t.is(s.server.asked.length, 1)
  await s.pull.ask(other)
  t.is(s.server.asked.length, 2, 'one tenant does not hold up another')
  s.house.clock.forward(1)
  await s.pull.ask(id)
  t.is(s.server.asked.length, 3)
})

test('an outage takes nothing from anybody, is told of once, and nobody asks for a while', async t => {
  const s = await scene(t, { failures: 3, openMs: 10_000 })
  const id = await s.house.tenant({ expiresAt: new Date(START.getTime() + DAY), features: ['vpn'] })
  await s.house.features.refresh()
  s.server.answer = (_request, response) => void response.writeHead(500).end()
  for (let i = 0; i < 5; i++) {
    await s.pull.ask(id)
    s.house.clock.forward(30_000)
  }
  t.is(statusOf(s, id), 'active')
  t.true(s.house.features.tenant(id)?.features.has('vpn'))
  t.regex(s.pull.fault ?? '', /^Management cannot be asked for licences: 500/)
  t.is(s.lines.length, 1)
  const asked = s.server.asked.length
  const another = await s.house.tenant({ status: 'pending' })
  s.house.clock.forward(-30_000)
  t.true(s.pull.down)
  await s.pull.ask(another)
  t.is(s.server.asked.length, asked, 'known to be down')

  s.house.clock.forward(10_000)
  s.server.json(licenceOf(another))
  await s.pull.ask(another)
  t.is(s.pull.fault, undefined)
  t.regex(s.lines.at(-1) ?? '', /answers again/)
  t.is(s.lines.length, 2)
})

test('an operator may ask although it is known to be down', async t => {
  const s = await scene(t, { failures: 1 })
  const id = await s.house.tenant({ status: 'pending' })
  s.server.answer = (_request, response) => void response.writeHead(503).end()
  const outcome = await s.pull.askNow(id)
  t.is(outcome.kind, 'unreachable')
  t.true(s.pull.down)
  s.server.json(licenceOf(id))
  t.is((await s.pull.askNow(id)).kind, 'stored')
  t.false(s.pull.down)
})

test('a licence of somebody else, and none at all, change nothing', async t => {
  const s = await scene(t)
  const id = await s.house.tenant({ expiresAt: new Date(START.getTime() + DAY), features: ['vpn'] })
  const other = await s.house.tenant({ status: 'pending' })
  await s.house.features.refresh()
  s.server.json(licenceOf(other))
  t.is((await s.pull.askNow(id)).kind, 'unusable')
  t.is(statusOf(s, other), 'pending', 'nor does it reach the other tenant')
  t.is((await s.pull.askNow(id)).kind, 'unusable')
  t.is(s.lines.length, 1, 'told of once')
  s.server.json({}, 404)
  t.deepEqual(await s.pull.askNow(id), { kind: 'none' })
  t.is(statusOf(s, id), 'active')
  t.is(s.pull.fault, undefined, 'Management answers, after all')
})

test('an older licence changes nothing, nor does one from the future', async t => {
  const s = await scene(t)
  const id = await s.house.tenant({ status: 'pending' })
  await s.house.features.refresh()
  s.server.json(licenceOf(id, { issued_at: later(0) }))
  await s.pull.askNow(id)
  s.server.json(licenceOf(id, { features: [], issued_at: later(-1000) }))
  const older = await s.pull.askNow(id)
  t.deepEqual(older.kind === 'stored' && older.licence.features, ['vpn'])
  s.server.json(licenceOf(id, { features: [], issued_at: later(301_000) }))
  t.is((await s.pull.askNow(id)).kind, 'unusable')
})

test('an undated answer that a webhook has overtaken changes nothing', async t => {
  const s = await scene(t)
  const id = await s.house.tenant({ expiresAt: new Date(START.getTime() + DAY), features: [] })
  await s.house.features.refresh()
  s.server.answer = (_request, response) => {
    s.house.clock.forward(1)
    void s.house
      .db()
      .table('tenant_licenses')
      .where('tenant_id', id)
      .update({ plan: 'newer', updated_at: s.house.clock.now() })
      .then(() => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(licenceOf(id, { plan: 'older' })))
      })
  }
  await s.pull.askNow(id)
  const { plan } = await s.house.db().table('tenant_licenses').where('tenant_id', id).first('plan')
  t.is(plan, 'newer')
})

test('after the stop nobody is asked, and what was under way ends', async t => {
  const s = await scene(t)
  const id = await s.house.tenant({ status: 'pending' })
  const reached = Promise.withResolvers<void>()
  s.server.answer = () => reached.resolve()
  const asking = s.pull.askNow(id)
  await reached.promise
  await s.pull.stop()
  t.is((await asking).kind, 'unreachable')
  t.deepEqual(s.lines, [], 'a stop is no outage')
  await s.pull.ask(id)
  t.is(s.server.asked.length, 1)
})
