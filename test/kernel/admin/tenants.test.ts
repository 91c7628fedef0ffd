import test from 'ava'
import { definePlugin } from '../../../kernel/contract.ts'
import { newId } from '../../../kernel/data/id.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { managementServer } from '../tenancy/management-server.ts'
import { logIn, panel, platformLines } from './operators.ts'

const DAY = 86_400_000

const pumps = definePlugin({
  name: 'pumps',
  version: '1.0.0',
  title: 'Pumps',
  feature: 'vpn',
  segments: ['pumps'],
  permissions: { 'pumps:read': 'View pumps' },
  setup() {},
}) as never

const actions = async (t: TestKernel, tenant: 'a' | 'b') => (await t.audit(tenant)).map(({ action }) => action)

test('tenants are listed with what they have', async t => {
  await using kernel = await startTestKernel({ plugins: [pumps], env: panel })
  const { client, id } = await logIn(kernel)
  const { body } = await client.get('/admin/tenants?sort=account_name&count=true')
  t.is(body.count, 2)
  t.like(body.items[0], {
    id: kernel.tenantId('a'),
    account_name: 'tenant-a',
    status: 'active',
    plan: 'test',
    features: ['vpn'],
    users: 1,
    issued_at: null,
    license_asked_at: null,
  })
  t.is(body.items[1].users, 2)
  const [line, ...more] = await platformLines(kernel)
  t.like(line, { action: 'admin.tenants.viewed', actor_kind: 'user', user_id: id, actor_id: id })
  t.deepEqual(more, [])
})

test('the list is narrowed by status and text, and paged', async t => {
  await using kernel = await startTestKernel({ plugins: [pumps], env: { ...panel, LICENSE_GRACE_DAYS: '10' } })
  const { client } = await logIn(kernel)
  const { knex } = kernel.kernel.runtime.database
  const now = kernel.clock.now().getTime()
  const add = async (name: string, status: string, days?: number): Promise<void> => {
    const id = newId()
    const times = { created_at: new Date(now), updated_at: new Date(now) }
    await knex('tenants').insert({ id, name: `${name} works`, account_name: name, status, ...times })
    if (days === undefined) return
    const licence = { tenant_id: id, plan: name, expires_at: new Date(now + days * DAY), updated_at: new Date(now) }
    await knex('tenant_licenses').insert(licence)
  }
  await add('waiting', 'pending')
  await add('odd', 'active')
  await add('late', 'active', -3)
  await add('over', 'active', -10)
  await add('shut', 'suspended', 100)
  const names = async (query: string): Promise<string[]> => {
    const { body } = await client.get(`/admin/tenants?sort=account_name&${query}`)
    for (const { status } of body.items) t.true(query.includes('status') ? query.includes(status) : true)
    return body.items.map(({ account_name }: { account_name: string }) => account_name)
  }
  t.deepEqual(await names('status=pending'), ['odd', 'waiting'])
  t.deepEqual(await names('status=active'), ['tenant-a', 'tenant-b'])
  t.deepEqual(await names('status=grace'), ['late'])
  t.deepEqual(await names('status=expired'), ['over'])
  t.deepEqual(await names('status=suspended'), ['shut'])
  t.deepEqual(await names('q=WORKS'), ['late', 'odd', 'over', 'shut', 'waiting'])
  t.deepEqual(await names('plan=late&q=late'), ['late'])
  t.is((await client.get('/admin/tenants?status=nonsense')).status, 422)

  const seen: string[] = []
  let cursor = ''
  do {
    const { body } = await client.get(`/admin/tenants?limit=3&count=true${cursor && `&cursor=${cursor}`}`)
    t.is(body.count, 7)
    seen.push(...body.items.map(({ id }: { id: string }) => id))
    cursor = body.next_cursor
  } while (cursor)
  t.is(new Set(seen).size, 7)
})

test('looking at a tenant leaves a line in its own audit log', async t => {
  await using kernel = await startTestKernel({ plugins: [pumps], env: panel })
  const { client, id } = await logIn(kernel)
  const { status, body } = await client.get(`/admin/tenants/${kernel.tenantId('a')}`)
  t.is(status, 200)
  t.is(body.account_name, 'tenant-a')
  t.like((await kernel.audit('a')).at(-1), { action: 'tenant.viewed', resource_id: kernel.tenantId('a'), actor_id: id })
  t.deepEqual(await platformLines(kernel), [])
  const absent = await client.get(`/admin/tenants/${newId()}`)
  t.is(`${absent.status} ${absent.body.error}`, '404 tenant_not_found')
  t.is((await client.get('/admin/tenants/nonsense')).status, 422)
})

test('a suspended tenant is out at once, and in again as its licence says', async t => {
  await using kernel = await startTestKernel({ plugins: [pumps], env: panel })
  const { client } = await logIn(kernel)
  const user = await kernel.as('a')
  const path = `/admin/tenants/${kernel.tenantId('a')}`
  t.is((await user.get('/me')).status, 200)
  t.is((await client.post(`${path}/suspend`, {})).status, 422, 'a reason is asked for')
  const suspended = await client.post(`${path}/suspend`, { reason: 'unpaid' })
  t.is(suspended.body.status, 'suspended')
  t.is((await user.get('/me')).body.error, 'tenant_suspended')
  t.is((await client.post(`${path}/suspend`, { reason: 'again' })).status, 409)
  const line = (await kernel.audit('a')).at(-1)
  t.is(line?.action, 'tenant.suspended')
  t.deepEqual(JSON.parse(String(line?.after)), { status: 'suspended', reason: 'unpaid' })

  await kernel.licence('a', ['vpn', 'backup'])
  t.is((await user.get('/me')).body.error, 'tenant_suspended', 'a licence does not lift it')
  const resumed = await client.post(`${path}/resume`)
  t.is(resumed.body.status, 'active')
  t.deepEqual(resumed.body.features, ['backup', 'vpn'])
  t.is((await user.get('/me')).status, 200)
  t.is((await client.post(`${path}/resume`)).status, 409)
  const { runs } = kernel.kernel.runtime.scheduler
  const [begun] = await runs.list(null, { plugin: 'licences', name: 'begin-features' })
  t.deepEqual(begun?.data, { tenant_id: kernel.tenantId('a'), features: ['backup', 'vpn'] })
  t.true((await actions(kernel, 'a')).includes('tenant.resumed'))
})

test('a tenant that never had a licence is pending again', async t => {
  await using kernel = await startTestKernel({ plugins: [pumps], env: panel })
  const { client } = await logIn(kernel)
  const made = await kernel.anonymous.post('/auth/register', {
    account_name: 'newcomer',
    tenant_name: 'Newcomer',
    name: 'Nina',
    email: 'nina@newcomer.example',
    password: 'quiet otter at the kiln',
  })
  const path = `/admin/tenants/${made.body.tenant_id}`
  t.is((await client.post(`${path}/suspend`, { reason: 'spam' })).body.status, 'suspended')
  t.is((await client.post(`${path}/resume`)).body.status, 'pending')
})

test('nobody suspends their own tenant', async t => {
  await using kernel = await startTestKernel({ plugins: [pumps], env: panel })
  const { client } = await logIn(kernel, { tenant: 'b' })
  const { status, body } = await client.post(`/admin/tenants/${kernel.tenantId('b')}/suspend`, { reason: 'oops' })
  t.is(`${status} ${body.error}`, '409 conflict')
  t.false((await actions(kernel, 'b')).includes('tenant.suspended'))
})

test('operators of a tenant that is suspended are out with it', async t => {
  await using kernel = await startTestKernel({ plugins: [pumps], env: panel })
  const [one, other] = [await logIn(kernel, { tenant: 'a' }), await logIn(kernel, { tenant: 'b' })]
  t.is((await one.client.get('/admin/tenants')).status, 200)
  await other.client.post(`/admin/tenants/${kernel.tenantId('a')}/suspend`, { reason: 'taken over' })
  const { status, body } = await one.client.post(`/admin/tenants/${kernel.tenantId('a')}/resume`)
  t.is(`${status} ${body.error}`, '403 tenant_suspended')
})

test('two who suspend at once: one does, and there is one line', async t => {
  await using kernel = await startTestKernel({ plugins: [pumps], env: panel })
  const { client } = await logIn(kernel)
  const path = `/admin/tenants/${kernel.tenantId('a')}/suspend`
  const answers = await Promise.all(['one', 'two', 'three'].map(reason => client.post(path, { reason })))
  t.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
  t.is((await actions(kernel, 'a')).filter(action => action === 'tenant.suspended').length, 1)
})

test('the licence of a tenant is asked for when an operator wants it', async t => {
  const management = await managementServer(t)
  await using kernel = await startTestKernel({
    plugins: [pumps],
    env: { ...panel, MANAGEMENT_API_URL: management.url },
  })
  await kernel.settled()
  const { client } = await logIn(kernel)
  const path = `/admin/tenants/${kernel.tenantId('a')}/licence/pull`
  t.like((await client.post(path)).body, { outcome: 'none', reason: null })
  const expires_at = new Date(kernel.clock.now().getTime() + 700 * DAY).toISOString()
  management.json((tenant_id: string) => ({ tenant_id, plan: 'gold', features: ['backup'], expires_at }))
  const { body } = await client.post(path)
  t.is(body.outcome, 'stored')
  t.like(body.tenant, { plan: 'gold', features: ['backup'], expires_at })
  t.is(body.tenant.license_asked_at, kernel.clock.now().toISOString())
  management.json({ tenant_id: kernel.tenantId('b'), plan: 'gold', features: [], expires_at })
  t.like((await client.post(path)).body, { outcome: 'unusable' })
  management.answer = (_request, response) => void response.writeHead(500).end()
  const down = await client.post(path)
  t.is(`${down.status} ${down.body.error}`, '503 management_unavailable')
  const lines = (await kernel.audit('a')).filter(({ action }) => action === 'license.pulled')
  const outcomes = lines.map(({ after }) => JSON.parse(String(after)).outcome)
  t.deepEqual(outcomes, ['none', 'stored', 'unusable', 'unreachable'], 'what failed, too')
  t.is((await client.post(`/admin/tenants/${newId()}/licence/pull`)).status, 404)
})

test('without Management nobody is asked', async t => {
  await using kernel = await startTestKernel({ plugins: [pumps], env: panel })
  const { client } = await logIn(kernel)
  const { status, body } = await client.post(`/admin/tenants/${kernel.tenantId('a')}/licence/pull`)
  t.is(status, 409)
  t.regex(body.detail, /MANAGEMENT_API_URL/)
})
