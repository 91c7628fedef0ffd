import { createHash } from 'node:crypto'
import test from 'ava'
import { makeKey, startHouse, withKey } from './key-house.ts'

const DAY = 86_400_000

test('a key is shown once, and stored as its hash', async t => {
  await using house = await startHouse()
  const admin = await house.as('a')
  const { id, key, answer } = await makeKey(house, ['pumps:read', 'pumps.start'])
  t.regex(key, /^mzk_[\w-]{49}$/)
  t.is(answer.body.key, key, 'under both names')
  t.like(answer.body, { name: 'Robot', permissions: ['pumps:read', 'pumps:start'], status: 'active', expires_at: null })
  t.true(key.startsWith(answer.body.prefix))
  const read = await admin.get(`/api-keys/${id}`)
  t.like(read.body, { id, prefix: answer.body.prefix, last_used_at: null })
  const listed = await admin.get('/api-keys')
  t.is(listed.body.items.length, 1)
  for (const { text } of [read, listed]) t.false(text.includes(key.slice(12)))
  const [row] = await house.kernel.runtime.database.knex('api_keys')
  t.is(row.key_hash, createHash('sha256').update(key).digest('hex'))
  t.false(JSON.stringify(row).includes(key.slice(12)))
})

test('a repeat under the same idempotency key does not get the key again', async t => {
  await using house = await startHouse()
  const admin = await house.as('a')
  const send = () =>
    admin.post('/api-keys', { name: 'Robot', permissions: ['pumps:read'] }, { 'idempotency-key': 'one' })
  t.is((await send()).status, 201)
  const again = await send()
  t.is(again.status, 409)
  t.false(again.text.includes('mzk_'))
  t.is((await admin.get('/api-keys')).body.items.length, 1)
})

test('a program does with it what it was given, as itself, in the tenant of the key', async t => {
  await using house = await startHouse()
  const { id, client } = await makeKey(house, ['pumps:read', 'pumps:start'])
  const read = await client.get('/pumps')
  t.deepEqual(read.body, { tenant: house.tenantId('a'), actor: { kind: 'service', id } })
  t.is((await client.post('/pumps', {})).status, 201)
  const [line] = (await house.audit('a')).filter(({ action }) => action === 'pump.started')
  t.like(line, { actor_kind: 'service', actor_id: id, user_id: null })
  const reader = await makeKey(house, ['pumps:read'])
  t.is((await reader.client.post('/pumps', {})).status, 403)
})

test('idempotency keys and limits are counted for each key', async t => {
  await using house = await startHouse()
  const [one, two] = [await makeKey(house, ['pumps:start']), await makeKey(house, ['pumps:start'])]
  const send = (client: typeof one.client) => client.post('/pumps', {}, { 'idempotency-key': 'same' })
  const first = await send(one.client)
  t.deepEqual((await send(one.client)).body, first.body)
  t.notDeepEqual((await send(two.client)).body, first.body)
  for (let n = 0; n < 3; n++) await one.client.post('/pumps', {})
  t.is((await one.client.post('/pumps', {})).status, 429)
  t.is((await two.client.post('/pumps', {})).status, 201)
})

test('what is about oneself is not for keys', async t => {
  await using house = await startHouse()
  const { client } = await makeKey(house, ['*'])
  for (const path of ['/me', '/me/sessions', '/me/appearance', '/notifications']) {
    const { status, body } = await client.get(path)
    t.is(status, 403, path)
    t.is(body.error, 'forbidden')
  }
  t.is((await client.post('/me/password', { current_password: 'x', new_password: 'y' })).status, 403)
})

test('name, permissions and end can be changed; what was cached counts no more', async t => {
  await using house = await startHouse()
  const admin = await house.as('a')
  const { id, client, answer } = await makeKey(house, ['pumps:read'])
  t.is((await client.get('/pumps')).status, 200)
  const etag = String(answer.headers.etag)
  const changed = await admin.patch(
    `/api-keys/${id}`,
    { name: 'R2', permissions: ['pumps:start'] },
    { 'if-match': etag },
  )
  t.like(changed.body, { name: 'R2', permissions: ['pumps:start'] })
  t.is((await client.get('/pumps')).status, 403)
  t.is((await client.post('/pumps', {})).status, 201)
  t.is((await admin.patch(`/api-keys/${id}`, { name: 'R3' }, { 'if-match': etag })).status, 412)
  t.is((await admin.patch(`/api-keys/${id}`, { key_hash: 'x' })).status, 422)
})

test('a revoked key is refused at once, and is shown as such', async t => {
  await using house = await startHouse()
  const admin = await house.as('a')
  const { id, client } = await makeKey(house, ['pumps:read'])
  t.is((await client.get('/pumps')).status, 200)
  t.is((await admin.delete(`/api-keys/${id}`)).status, 204)
  t.is((await client.get('/pumps')).status, 401)
  t.like((await admin.get(`/api-keys/${id}`)).body, { status: 'revoked' })
  t.is((await admin.delete(`/api-keys/${id}`)).status, 409)
  t.is((await admin.patch(`/api-keys/${id}`, { name: 'again' })).status, 409)
  t.like(await house.job('access', 'prune-api-keys', {}), { result: { deleted: 0 } })
  house.clock.advance(91 * DAY)
  t.like(await house.job('access', 'prune-api-keys', {}), { result: { deleted: 1 } })
})

test('a key ends at its time, also when it is cached, and can be given a new end', async t => {
  await using house = await startHouse()
  const expires_at = new Date(house.clock.now().getTime() + 60_000).toISOString()
  const { id, client } = await makeKey(house, ['pumps:read'], { expires_at })
  t.is((await client.get('/pumps')).status, 200)
  house.clock.advance(59_999)
  t.is((await client.get('/pumps')).status, 200)
  house.clock.advance(1)
  t.is((await client.get('/pumps')).status, 401)
  const admin = await house.as('a')
  t.like((await admin.get(`/api-keys/${id}`)).body, { status: 'expired' })
  const later = new Date(house.clock.now().getTime() + 60_000).toISOString()
  t.is((await admin.patch(`/api-keys/${id}`, { expires_at: later })).status, 200)
  t.is((await client.get('/pumps')).status, 200)
  const past = new Date(house.clock.now().getTime() - 1).toISOString()
  t.is((await admin.patch(`/api-keys/${id}`, { expires_at: past })).status, 422)
  t.is((await admin.post('/api-keys', { name: 'x', permissions: ['pumps:read'], expires_at: past })).status, 422)
})

test('the last use is written, once a minute at most, and never while the request waits', async t => {
  await using house = await startHouse()
  const admin = await house.as('a')
  const { id, client } = await makeKey(house, ['pumps:read'])
  const { database } = house.kernel.runtime
  const statements: string[] = []
  database.observe?.({
    statement(sql, run) {
      if (/last_used_at/.test(sql) && /^update/i.test(sql)) statements.push(sql)
      return run()
    },
  })
  for (let n = 0; n < 5; n++) await client.get('/pumps')
  t.deepEqual(statements, [], 'not yet')
  const used = house.clock.now().toISOString()
  const written = async (at: string): Promise<{ last_used_at: string; last_used_ip: string }> => {
    for (;;) {
      const { body } = await admin.get(`/api-keys/${id}`)
      if (body.last_used_at === at) return body
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  t.truthy((await written(used)).last_used_ip)
  t.is(statements.length, 1)
  house.clock.advance(59_000)
  await client.get('/pumps')
  house.clock.advance(1_000)
  await client.get('/pumps')
  await written(house.clock.now().toISOString())
  t.is(statements.length, 2)
})

test('the gate of the tenant holds for keys as for users', async t => {
  await using house = await startHouse()
  const { client } = await makeKey(house, ['pumps:read', 'talk:read'])
  const { runtime, tenancy } = house.kernel
  await runtime.database.knex('tenants').where('id', house.tenantId('a')).update({ status: 'suspended' })
  await tenancy.features.refresh()
  house.clock.advance(1)
  await runtime.database.knex('revisions').where('name', 'features').increment('value', 1)
  await tenancy.features.refresh()
  const { status, body } = await client.get('/pumps')
  t.deepEqual([status, body.error], [403, 'tenant_suspended'])
})

test('what cannot be a key is refused without asking the database', async t => {
  await using house = await startHouse()
  const { key, client } = await makeKey(house, ['pumps:read'])
  const asked: string[] = []
  house.kernel.runtime.database.observe?.({
    statement(sql, run) {
      if (/api_keys/.test(sql)) asked.push(sql)
      return run()
    },
  })
  const slip = key.slice(0, 10) + (key[10] === 'A' ? 'B' : 'A') + key.slice(11)
  for (const wrong of ['mzk_', 'mzk_x', `${key}x`, key.slice(0, -1), slip, key.replace('mzk_', 'MZK_')]) {
    t.is((await withKey(house, wrong).get('/pumps')).status, 401, wrong)
  }
  t.deepEqual(asked, [])
  t.is((await client.get('/pumps')).status, 200)
  t.is(asked.length, 1)
})
