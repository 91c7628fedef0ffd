import test from 'ava'
import { loadConfig } from '../../../../config/load.ts'
import { PlatformDb } from '../../../../kernel/data/platform-db.ts'
import { createLogger } from '../../../../kernel/log/create-logger.ts'
import { bumpRevision } from '../../../../kernel/tenancy/revisions.ts'
import { TestSocket } from '../../../../kernel/testing/test-socket.ts'
import { makeKey, openTalk, startHouse } from './key-house.ts'

const withheld = ['api-keys:manage', 'rbac:manage', 'settings:manage', 'users:invite', 'users:manage']

test('keys of another tenant do not exist', async t => {
  await using house = await startHouse()
  const { id, client } = await makeKey(house, ['pumps:read'])
  const stranger = await house.as('b')
  for (const { status } of [
    await stranger.get(`/api-keys/${id}`),
    await stranger.patch(`/api-keys/${id}`, { name: 'mine' }),
    await stranger.delete(`/api-keys/${id}`),
  ]) {
    t.is(status, 404)
  }
  t.deepEqual((await stranger.get('/api-keys')).body.items, [])
  t.is((await client.get('/pumps')).status, 200)
})

test('nobody gives a key what they lack', async t => {
  await using house = await startHouse()
  const clerk = await house.as('a', ['api-keys:manage', 'pumps:read'])
  for (const permissions of [['pumps:start'], ['*'], ['pumps:read', 'talk:read'], ['pumps.*']]) {
    t.is((await clerk.post('/api-keys', { name: 'x', permissions })).status, 403, permissions.join())
  }
  t.is((await clerk.post('/api-keys', { name: 'x', permissions: ['pumps:read'] })).status, 201)
  t.is((await (await house.as('a', ['pumps:read'])).post('/api-keys', {})).status, 403)
})

test('nobody adds to a key what they lack, nor lets one live longer that may do more than they', async t => {
  await using house = await startHouse()
  const expires_at = new Date(house.clock.now().getTime() + 3_600_000).toISOString()
  const strong = await makeKey(house, ['pumps:start'], { expires_at })
  const weak = await makeKey(house, ['pumps:read'])
  const clerk = await house.as('a', ['api-keys:manage', 'pumps:read'])
  t.is((await clerk.patch(`/api-keys/${weak.id}`, { permissions: ['pumps:read', 'pumps:start'] })).status, 403)
  t.is((await clerk.patch(`/api-keys/${strong.id}`, { expires_at: null })).status, 403)
  const later = new Date(house.clock.now().getTime() + 7_200_000).toISOString()
  t.is((await clerk.patch(`/api-keys/${strong.id}`, { expires_at: later })).status, 403)
  const sooner = new Date(house.clock.now().getTime() + 1_000).toISOString()
  t.is((await clerk.patch(`/api-keys/${strong.id}`, { name: 'named', expires_at: sooner })).status, 200)
  t.is((await clerk.delete(`/api-keys/${strong.id}`)).status, 204, 'whoever manages keys may end any')
})

test('a key cannot be given what would let it stay', async t => {
  await using house = await startHouse()
  const admin = await house.as('a')
  for (const key of [...withheld, 'settings.users.manage', 'users.*', 'rbac.*']) {
    const { status, body } = await admin.post('/api-keys', { name: 'x', permissions: ['pumps:read', key] })
    t.is(status, 422, key)
    t.is(body.errors[0].path, 'body.permissions.1')
  }
  const { id } = await makeKey(house, ['pumps:read'])
  for (const key of withheld) {
    t.is((await admin.patch(`/api-keys/${id}`, { permissions: [key] })).status, 422, key)
  }
})

test('a key that may do everything may not make keys, users or rights, whatever the database says', async t => {
  await using house = await startHouse()
  const { id, client } = await makeKey(house, ['*'])
  t.is((await client.get('/pumps')).status, 200)
  const tries = async () => [
    await client.get('/api-keys'),
    await client.post('/api-keys', { name: 'x', permissions: ['pumps:read'] }),
    await client.patch(`/api-keys/${id}`, { expires_at: null }),
    await client.post('/users', { name: 'x', email: 'x@example.com', password: 'quiet otter at the kiln' }),
    await client.post('/users/invite', { email: 'x@example.com', group_ids: [] }),
    await client.post('/groups', { name: 'x', permissions: ['pumps:read'] }),
    await client.patch('/settings/retention', { audit_retention_days: 30 }),
  ]
  for (const { status } of await tries()) t.is(status, 403)
  const { database } = house.kernel.runtime
  await database
    .knex('api_keys')
    .where({ id })
    .update({ permissions: JSON.stringify(withheld) })
  await bumpRevision(new PlatformDb(database, new Set()), 'access')
  await new Promise(resolve => setTimeout(resolve, 2_100))
  for (const { status } of await tries()) t.is(status, 403)
})

test('a key is no operator of the platform', async t => {
  await using house = await startHouse({
    env: { ADMIN_PANEL_ENABLED: 'true', PLATFORM_ADMIN_EMAIL_DOMAIN: 'monozu.example' },
  })
  const { client } = await makeKey(house, ['*'])
  const { status } = await client.get('/api/v1/admin/tenants')
  t.true([403, 404].includes(status), String(status))
})

test('a key opens sockets, in each of the ways in which a token does', async t => {
  await using house = await startHouse()
  const { key } = await makeKey(house, ['talk:read'])
  const url = `${await house.socketUrl()}/api/ws/talk`
  await using header = await openTalk(house, key)
  await using query = await TestSocket.open(`${url}?token=${key}`)
  await using protocol = await TestSocket.open(url, { protocols: ['bearer', key] })
  for (const socket of [header, query, protocol]) {
    const { data } = await socket.next('welcome')
    t.is(data.actor, 'service')
  }
  const weak = await makeKey(house, ['pumps:read'])
  await t.throwsAsync(openTalk(house, weak.key), { message: /403/ })
})

test('the sockets of a key close when it is revoked, loses the permission, or ends', async t => {
  await using house = await startHouse()
  const admin = await house.as('a')
  const [revoked, lost] = [await makeKey(house, ['talk:read']), await makeKey(house, ['talk:read', 'pumps:read'])]
  const expires_at = new Date(house.clock.now().getTime() + 60_000).toISOString()
  const [ending, shortened] = [await makeKey(house, ['talk:read'], { expires_at }), await makeKey(house, ['talk:read'])]
  await using one = await openTalk(house, revoked.key)
  await using two = await openTalk(house, lost.key)
  await using three = await openTalk(house, ending.key)
  await using four = await openTalk(house, shortened.key)
  await using other = await house.socket('a', ['talk:read'], 'talk')
  await admin.delete(`/api-keys/${revoked.id}`)
  t.deepEqual(await one.closed, { code: 4401, reason: 'session_ended' })
  await admin.patch(`/api-keys/${lost.id}`, { permissions: ['pumps:read'] })
  t.is((await two.closed).code, 4403)
  await admin.patch(`/api-keys/${shortened.id}`, { expires_at })
  house.clock.advance(60_000)
  t.is((await three.closed).code, 4401)
  t.is((await four.closed).code, 4401)
  await other.heard()
})

test('another instance refuses a key that was revoked here, at its next look', async t => {
  await using house = await startHouse()
  const { id, key } = await makeKey(house, ['pumps:read', 'talk:read'])
  const { runtime } = house.kernel
  const { authenticator } = runtime
  await authenticator.authenticate(`Bearer ${key}`)
  t.false(authenticator.authenticate(`Bearer ${key}`) instanceof Promise, 'cached')
  await using socket = await openTalk(house, key)
  // As the other instance does it: this one is not told.
  const db = new PlatformDb(runtime.database, new Set())
  await db.table('api_keys').where({ id }).update({ revoked_at: house.clock.now() })
  await bumpRevision(db, 'access')
  t.deepEqual(await socket.closed, { code: 4401, reason: 'session_ended' })
  await t.throwsAsync(async () => authenticator.authenticate(`Bearer ${key}`), { message: /not valid/ })
})

test('a key is in no log and in no line of the audit log', async t => {
  const lines: string[] = []
  const sink = { write: (line: string) => void lines.push(line), flush: () => undefined, close: () => undefined }
  const logging = createLogger(loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'trace', LOG_FORMAT: 'json' }), sink)
  await using house = await startHouse({ kernel: { logging } })
  const { id, key, client } = await makeKey(house, ['pumps:start', 'talk:read'])
  await client.get(`/pumps?token=${key}&x=${key}`)
  await client.post('/pumps', { note: `use ${key} for it` })
  await client.post('/pumps', { [key]: 1 })
  await using _socket = await TestSocket.open(`${await house.socketUrl()}/api/ws/talk?token=${key}`)
  await (await house.as('a')).delete(`/api-keys/${id}`)
  await client.get('/pumps')
  const audit = await house.audit('a')
  t.deepEqual(
    audit.filter(({ resource_type }) => resource_type === 'api-key').map(({ action }) => action),
    ['api-key.created', 'api-key.revoked'],
  )
  const made = JSON.parse(String(audit.find(({ action }) => action === 'api-key.created')?.after))
  t.true(key.startsWith(made.prefix), 'the beginning by which people know it')
  await house.kernel.stop()
  for (const line of [...lines, ...audit.map(row => JSON.stringify(row))]) t.false(line.includes(key.slice(10)), line)
})
