import test from 'ava'
import { CallCore } from '../../../kernel/call.ts'
import { newId, type PlatformDb } from '../../../kernel/contract.ts'
import type { Client } from '../../../kernel/testing/client.ts'
import { startTestKernel, type TenantName, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { refusal } from './echo.ts'
import { badge, badges, visits } from './visits.ts'

const house = (): Promise<TestKernel> => startTestKernel({ plugins: [badges, visits] })
const wearer = (t: TestKernel, tenant: TenantName, who = 'badge_one'): Client =>
  t.guest(badge, `${who}@${t.tenantId(tenant)}`)

test.serial('a guest does what the route lets it, as itself and for its tenant', async t => {
  await using kernel = await house()
  const { status, body } = await wearer(kernel, 'a').post('/v1/visits', { name: 'n' })
  t.is(status, 201)
  t.like(body, { actor: { kind: 'device', id: 'one' }, tenant_id: kernel.tenantId('a'), lead: false })
  t.true((await wearer(kernel, 'a', 'lead_two').post('/v1/visits', { name: 'm' })).body.lead)
})

test.serial(
  "without a credential, and with one that is nobody's, it is 401 and says which header is wanted",
  async t => {
    await using kernel = await house()
    const user = await kernel.as('a')
    const nobodys = [
      '',
      'nonsense',
      'badge_one@',
      `badge_${'x'.repeat(1_024)}@${kernel.tenantId('a')}`,
      `badge_one@${newId()}`,
    ]
    for (const client of [kernel.anonymous, user, ...nobodys.map(key => kernel.guest(badge, key))]) {
      for (const answer of [
        await client.post('/v1/visits', { name: 'n' }),
        await client.get(`/visits/${kernel.tenantId('a')}`),
      ]) {
        t.is(refusal(answer), '401 unauthenticated', client.headers['x-badge'])
        t.regex(answer.body.detail, /X-Badge/)
      }
    }
  },
)

test.serial('what the plugin that knows the guest throws is the answer', async t => {
  await using kernel = await house()
  const answer = await kernel.guest(badge, 'badge_locked').post('/v1/visits', { name: 'n' })
  t.is(refusal(answer), '409 conflict')
  t.is(answer.body.detail, 'The badge is locked.')
})

test.serial('a guest is no user, and a route for users does not take its credential', async t => {
  await using kernel = await house()
  t.is(refusal(await wearer(kernel, 'a', 'lead_one').get('/visits')), '401 unauthenticated')
  t.is(refusal(await wearer(kernel, 'a').get('/me')), '401 unauthenticated')
})

test.serial('the id of another tenant is not there', async t => {
  await using kernel = await house()
  const { id } = (await wearer(kernel, 'a').post('/v1/visits', { name: 'n' })).body
  t.deepEqual((await wearer(kernel, 'a').get(`/visits/${id}`)).body, { name: 'n' })
  t.is(refusal(await wearer(kernel, 'b').get(`/visits/${id}`)), '404 not_found')
})

test.serial(
  'while the feature is off for the tenant it is 403, whether the plugin runs for another one or not at all',
  async t => {
    await using kernel = await house()
    await kernel.licence('a', [])
    t.is(refusal(await wearer(kernel, 'a').post('/v1/visits', { name: 'n' })), '403 feature_disabled')
    t.is((await wearer(kernel, 'b').post('/v1/visits', { name: 'n' })).status, 201)
    await kernel.licence('b', [])
    t.is(kernel.kernel.catalogue.byName('visits')?.state, 'stopped')
    t.is(refusal(await wearer(kernel, 'b').post('/v1/visits', { name: 'n' })), '403 feature_disabled')
    t.is(refusal(await kernel.guest(badge, 'nonsense').post('/v1/visits', { name: 'n' })), '401 unauthenticated')
    t.is(refusal(await kernel.anonymous.post('/v1/visits', { name: 'n' })), '401 unauthenticated')
  },
)

test.serial('a tenant that is suspended, expired or pending keeps its guests out', async t => {
  await using kernel = await house()
  const refused = async (): Promise<string> => refusal(await wearer(kernel, 'a').post('/v1/visits', { name: 'n' }))
  const longAgo = new Date(kernel.clock.now().getTime() - 3_000 * 86_400_000).toISOString()
  await change(kernel, (db, id) => db.table('tenants').where({ id }).update({ status: 'suspended' }))
  t.is(await refused(), '403 tenant_suspended')
  await change(kernel, (db, id) => db.table('tenants').where({ id }).update({ status: 'active' }))
  await change(kernel, (db, id) => db.forTenant(id).table('tenant_licenses').update({ expires_at: longAgo }))
  t.is(await refused(), '403 license_expired')
  await change(kernel, (db, id) => db.forTenant(id).table('tenant_licenses').delete())
  t.is(await refused(), '403 tenant_pending')
  t.is(refusal(await kernel.guest(badge, 'nonsense').post('/v1/visits', { name: 'n' })), '401 unauthenticated')
})

/** Changes tenant a without asking anybody, and tells the kernel that something changed. */
async function change(
  kernel: TestKernel,
  write: (db: PlatformDb, tenantId: string) => Promise<unknown>,
): Promise<void> {
  const { runtime, tenancy } = kernel.kernel
  const core = new CallCore(runtime, { actor: { kind: 'service', id: 'test' } })
  const id = kernel.tenantId('a')
  await core.slot.run(undefined, async () => {
    await write(core.platform, id)
    await tenancy.features.changed(core.platform, id)
  })
}

test.serial('while the plugin that knows the guests does not run it is 503', async t => {
  await using kernel = await house()
  await kernel.kernel.catalogue.byName('badges')?.stop(1_000)
  const answer = await wearer(kernel, 'a').post('/v1/visits', { name: 'n' })
  t.is(refusal(answer), '503 plugin_unavailable')
  t.is(answer.headers['retry-after'], '5')
  t.regex(answer.body.detail, /badges\.badge/)
})

test.serial('a feature that the plugin has which knows the guests keeps them out while it is off', async t => {
  const licensed = { ...badges, feature: 'badges' }
  await using kernel = await startTestKernel({ plugins: [licensed, visits] })
  t.is((await wearer(kernel, 'a').post('/v1/visits', { name: 'n' })).status, 201)
  await kernel.licence('a', ['visits'])
  const answer = await wearer(kernel, 'a').post('/v1/visits', { name: 'm' })
  t.is(refusal(answer), '403 feature_disabled')
  t.regex(answer.body.detail, /"badges"/)
})

test.serial('guests are known by one plugin alone', async t => {
  const copy = { ...badges, name: 'copy', segments: [] }
  await using kernel = await startTestKernel({ plugins: [badges, copy, visits] })
  const host = kernel.kernel.catalogue.byName('copy')
  t.is(host?.state, 'failed')
  t.is(host?.error?.message, 'plugin "copy": the plugin "badges" knows the guests "badges.badge" already')
  t.is((await wearer(kernel, 'a').post('/v1/visits', { name: 'n' })).status, 201)
})

test.serial('a write is one transaction, with a line in the audit log that names the guest', async t => {
  await using kernel = await house()
  const guest = wearer(kernel, 'a')
  t.is(refusal(await guest.post('/v1/visits', { name: 'unlucky' })), '409 conflict')
  const { id } = (await guest.post('/v1/visits', { name: 'n' })).body
  const rows = await kernel.kernel.runtime.database.knex('sites').select('name')
  t.deepEqual(rows, [{ name: 'n' }])
  const lines = (await kernel.audit('a')).filter(({ actor_id }) => actor_id === 'one')
  t.is(lines.length, 1)
  t.like(lines[0], { action: 'visits.created', resource_type: 'visits', resource_id: id, actor_kind: 'device' })
})

test.serial('a repeat under the same idempotency key gets the first answer, each guest its own', async t => {
  await using kernel = await house()
  const key = { 'idempotency-key': 'k-1' }
  const first = await wearer(kernel, 'a').post('/v1/visits', { name: 'n' }, key)
  const again = await wearer(kernel, 'a').post('/v1/visits', { name: 'n' }, key)
  t.is(again.headers['idempotency-replayed'], 'true')
  t.deepEqual(again.body, first.body)
  const other = await wearer(kernel, 'a', 'badge_two').post('/v1/visits', { name: 'n' }, key)
  t.is(other.headers['idempotency-replayed'], undefined)
})

test.serial('a limit is counted per guest', async t => {
  await using kernel = await house()
  const statuses = async (client: Client): Promise<number[]> => {
    const seen: number[] = []
    for (let n = 0; n < 3; n++) seen.push((await client.post('/visits/limited')).status)
    return seen
  }
  t.deepEqual(await statuses(wearer(kernel, 'a')), [204, 204, 429])
  t.deepEqual(await statuses(wearer(kernel, 'a', 'badge_two')), [204, 204, 429])
  t.deepEqual(await statuses(wearer(kernel, 'b')), [204, 204, 429])
})

test.serial('below /v1 and /api/v1/admin a segment has two parts', async t => {
  await using kernel = await house()
  t.deepEqual((await kernel.anonymous.post('/admin/visits')).body, { admin: true })
  t.deepEqual((await kernel.anonymous.post('/api/v1/admin/visits')).body, { admin: true })
  const guest = wearer(kernel, 'a')
  for (const path of ['/v1', '/v1/', '/v1/other', '/v1/visits/more', '/api/v1/v1/visits', '/admin', '/admin/other']) {
    t.is(refusal(await guest.post(path, { name: 'n' })), '404 not_found', path)
  }
  t.is(refusal(await guest.get('/v1/visits')), '405 method_not_allowed')
})
