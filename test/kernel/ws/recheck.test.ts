import test from 'ava'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import { bumpRevision } from '../../../kernel/tenancy/revisions.ts'
import { startTestKernel, type TestKernel, type TestKernelOptions } from '../../../kernel/testing/test-kernel.ts'
import { talkPlugin } from './talk-plugin.ts'

const start = (options: Partial<TestKernelOptions> = {}): Promise<TestKernel> =>
  startTestKernel({ plugins: [talkPlugin()], kernel: { socketLimits: { beatMs: 20 } }, ...options })

const hour = 3_600_000

/** The user behind a client, with the ids of the groups. */
async function userOf(t0: TestKernel, permissions: readonly string[]): Promise<{ id: string; group: string }> {
  const { headers } = await t0.as('a', permissions)
  const { body } = await (await t0.as('a')).get('/me', headers)
  const id: string = body.user?.id ?? body.id
  const [row] = await t0.kernel.runtime.database.knex('user_groups').where({ user_id: id })
  return { id, group: String(row?.group_id) }
}

test('a socket closes with 4401 when its token expires, and not before', async t => {
  await using t0 = await start()
  await using socket = await t0.socket('a', ['talk:read'], 'talk')
  t0.clock.advance(hour - 5_000)
  await new Promise(resolve => setTimeout(resolve, 100))
  await socket.heard()
  t0.clock.advance(5_000)
  t.deepEqual(await socket.closed, { code: 4401, reason: 'token_expired' })
})

test('a log-out closes the sockets of that session with 4401, and no other', async t => {
  await using t0 = await start()
  await using gone = await t0.socket('a', ['talk:read'], 'talk')
  await using other = await t0.socket('a', ['*'], 'talk')
  const user = await t0.as('a', ['talk:read'])
  const { body } = await user.get('/me/sessions')
  t.is((await user.delete(`/me/sessions/${body.items[0].id}`)).status, 204)
  t.deepEqual(await gone.closed, { code: 4401, reason: 'session_ended' })
  await other.heard()
})

test('a session that another instance has ended closes its sockets here', async t => {
  await using t0 = await start()
  await using gone = await t0.socket('a', ['talk:read'], 'talk')
  await using other = await t0.socket('a', ['*'], 'talk')
  const { id } = await userOf(t0, ['talk:read'])
  const { database } = t0.kernel.runtime
  await database.knex('refresh_tokens').where({ user_id: id }).update({ revoked_at: t0.clock.now() })
  await bumpRevision(new PlatformDb(database, new Set()), 'access')
  t.deepEqual(await gone.closed, { code: 4401, reason: 'session_ended' })
  await other.heard()
})

test('a user who is deactivated loses the sockets with 4401', async t => {
  await using t0 = await start()
  await using gone = await t0.socket('a', ['talk:read'], 'talk')
  const { id } = await userOf(t0, ['talk:read'])
  const admin = await t0.as('a')
  const { body, headers } = await admin.get(`/users/${id}`)
  t.is(body.id, id)
  const { status, text } = await admin.patch(`/users/${id}`, { active: false }, { 'if-match': String(headers.etag) })
  t.is(status, 200, text)
  t.is((await gone.closed).code, 4401)
})

test('a permission that is taken away closes with 4403, one that is given leaves the socket', async t => {
  await using t0 = await start()
  await using socket = await t0.socket('a', ['talk:read'], 'talk')
  const { group } = await userOf(t0, ['talk:read'])
  const admin = await t0.as('a')
  const grant = (permissions: string[]) => admin.put(`/groups/${group}/permissions`, { permissions })
  const given = await grant(['talk:read', 'talk:lead'])
  t.is(given.status, 200, given.text)
  await socket.heard()
  const leads = async (): Promise<boolean> => {
    await admin.post('/talk', { text: 'leaders', permission: 'talk:lead' })
    await admin.post('/talk', { text: 'the end' })
    return (await socket.next('said')).data.text === 'leaders'
  }
  while (!(await leads())) t.pass()
  await grant(['talk:lead'])
  t.deepEqual(await socket.closed, { code: 4403, reason: 'forbidden' })
})

test('a feature that goes off closes the sockets of that tenant with 4403', async t => {
  await using t0 = await start()
  await using gone = await t0.socket('a', ['*'], 'talk')
  await using stays = await t0.socket('b', ['*'], 'talk')
  await using jobs = await t0.socket('a', ['*'], 'jobs')
  await t0.licence('a', [])
  t.deepEqual(await gone.closed, { code: 4403, reason: 'feature_disabled' })
  await stays.heard()
  await jobs.heard()
})

/** Ends the licence of tenant a in an hour, as another instance would. */
async function endLicence(t0: TestKernel): Promise<void> {
  const { database } = t0.kernel.runtime
  const expires_at = new Date(t0.clock.now().getTime() + hour)
  await database
    .knex('tenant_licenses')
    .where({ tenant_id: t0.tenantId('a') })
    .update({ expires_at })
  await bumpRevision(new PlatformDb(database, new Set()), 'features')
  await t0.kernel.tenancy.features.refresh()
}

for (const [graceDays, reasons] of [
  ['14', ['feature_disabled']],
  ['0', ['license_expired', 'license_expired']],
] as const) {
  test(`a licence that runs out, with ${graceDays} days of grace, closes what it gave with 4403`, async t => {
    const env = { ACCESS_TOKEN_EXPIRE_MINUTES: '1440', LICENSE_GRACE_DAYS: graceDays }
    await using t0 = await start({ env })
    const sockets = [await t0.socket('a', ['*'], 'talk'), await t0.socket('a', ['*'], 'jobs')]
    await using foreign = await t0.socket('b', ['*'], 'talk')
    await endLicence(t0)
    for (const socket of sockets) await socket.heard()
    t0.clock.advance(hour)
    for (const reason of reasons) t.deepEqual(await sockets.shift()?.closed, { code: 4403, reason })
    for (const socket of [...sockets, foreign]) await socket.heard()
  })
}
