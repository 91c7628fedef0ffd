import test from 'ava'
import { AccessHouse } from './access-house.ts'

test('a group grants what it holds, from its next request on', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const bob = await house.colleague(ada, 'Bob')
  const session = await house.as(bob)
  t.is((await session.send('GET', '/api/v1/groups')).status, 403)

  const made = await admin.send('POST', '/api/v1/groups', { body: { name: 'Auditors', permissions: ['rbac:read'] } })
  t.is(made.status, 201)
  t.like(made.body, { name: 'Auditors', built_in: false, permissions: ['rbac:read'], members: [] })
  const url = `/api/v1/groups/${made.body.id}`
  const joined = await admin.send('PUT', `${url}/members`, { body: { user_ids: [bob.userId] } })
  t.is(joined.body.members[0].email, bob.email)
  t.is((await session.send('GET', '/api/v1/groups')).status, 200)

  await admin.send('PUT', `${url}/permissions`, { body: { permissions: [] } })
  t.is((await session.send('GET', '/api/v1/groups')).status, 403)
  await admin.send('PUT', `${url}/permissions`, { body: { permissions: ['rbac:read'] } })
  t.is((await session.send('GET', '/api/v1/groups')).status, 200)
  t.is((await admin.send('DELETE', url)).status, 204)
  t.is((await session.send('GET', '/api/v1/groups')).status, 403)
  t.is((await admin.send('GET', url)).status, 404)
})

test('permissions are taken in both forms and stored in one', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.as(await house.account())
  const permissions = ['vpn.update', 'module.vpn', 'settings.groups.read', 'users:read']
  const { body } = await admin.send('POST', '/api/v1/groups', { body: { name: 'Tunnels', permissions } })
  t.deepEqual(body.permissions, ['rbac:read', 'users:read', 'vpn:manage', 'vpn:read'])
  const unknown = await admin.send('PUT', `/api/v1/groups/${body.id}/permissions`, {
    body: { permissions: ['users:read', 'moon.walk'] },
  })
  t.is(unknown.status, 422)
  t.is(unknown.body.errors[0].path, 'body.permissions.1')
})

test('the catalogue lists the permissions of the plugins that are on', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const admin = await house.as(person)
  const keys = async (): Promise<string[]> => {
    const { body } = await admin.send('GET', '/api/v1/rbac/permissions')
    return body.items.map((entry: { key: string }) => entry.key)
  }
  t.true((await keys()).includes('pumps:read'))
  t.true((await keys()).includes('rbac:manage'))
  const { body: group } = await admin.send('POST', '/api/v1/groups', {
    body: { name: 'Pump watch', permissions: ['pumps:read'] },
  })
  await house.license(person.tenantId, [])
  t.false((await keys()).includes('pumps:read'))

  const url = `/api/v1/groups/${group.id}/permissions`
  const kept = await admin.send('PUT', url, { body: { permissions: ['pumps:read', 'users:read'] } })
  t.is(kept.status, 200, 'what a group holds may stay while the feature is off')
  const added = await admin.send('PUT', url, { body: { permissions: ['vpn:read'] } })
  t.is(added.status, 422)
})

test('built-in groups keep their name and permissions', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.as(await house.account())
  for (const name of ['Admin', 'Read only']) {
    const url = `/api/v1/groups/${await admin.groupId(name)}`
    t.is((await admin.send('DELETE', url)).status, 409)
    t.is((await admin.send('PATCH', url, { body: { name: 'Mine' } })).status, 409)
    t.is((await admin.send('PUT', `${url}/permissions`, { body: { permissions: [] } })).status, 409)
  }
})

test('the last Admin cannot be removed', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const url = `/api/v1/groups/${await admin.groupId('Admin')}/members`
  const refused = await admin.send('PUT', url, { body: { user_ids: [] } })
  t.is(refused.status, 409)
  t.is((await admin.send('GET', '/api/v1/groups')).status, 200)

  const bob = await house.colleague(ada, 'Bob')
  await admin.send('PATCH', `/api/v1/users/${bob.userId}`, { body: { active: false } })
  t.is(
    (await admin.send('PUT', url, { body: { user_ids: [bob.userId] } })).status,
    409,
    'an inactive one does not count',
  )
  await admin.send('PATCH', `/api/v1/users/${bob.userId}`, { body: { active: true } })
  t.is((await admin.send('PUT', url, { body: { user_ids: [bob.userId] } })).status, 200)
  t.is((await admin.send('GET', '/api/v1/groups')).status, 403, 'she is no Admin any more')
})

test('nobody grants what they lack', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const { body: lesser } = await admin.send('POST', '/api/v1/groups', {
    body: { name: 'Group keepers', permissions: ['rbac:read', 'rbac:manage', 'users:read'] },
  })
  const keeper = await house.colleague(ada, 'Kay', [lesser.id])
  const session = await house.as(keeper)
  const adminGroup = await admin.groupId('Admin')
  const readOnly = await admin.groupId('Read only')
  const put = (path: string, body: unknown) => session.send('PUT', `/api/v1/groups/${path}`, { body })

  t.is((await put(`${adminGroup}/members`, { user_ids: [keeper.userId] })).status, 403, 'joining Admin')
  t.is((await put(`${readOnly}/members`, { user_ids: [keeper.userId] })).status, 403, 'joining Read only')
  t.is((await put(`${lesser.id}/permissions`, { permissions: ['*'] })).status, 403, 'everything')
  t.is((await put(`${lesser.id}/permissions`, { permissions: ['rbac:manage', 'users:manage'] })).status, 403)
  t.is((await put(`${lesser.id}/permissions`, { permissions: ['users.*'] })).status, 403)
  const made = await session.send('POST', '/api/v1/groups', {
    body: { name: 'Backdoor', permissions: ['users:manage'] },
  })
  t.is(made.status, 403)
  t.is(
    (await put(`${lesser.id}/permissions`, { permissions: ['rbac:manage', 'rbac:read'] })).status,
    200,
    'taking away',
  )
})

test('nobody takes away what they lack', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const bob = await house.colleague(ada, 'Bob', [await admin.groupId('Admin')])
  const { body: lesser } = await admin.send('POST', '/api/v1/groups', {
    body: { name: 'Group keepers', permissions: ['rbac:read', 'rbac:manage'] },
  })
  const { body: watch } = await admin.send('POST', '/api/v1/groups', {
    body: { name: 'Watch', permissions: ['rbac:read', 'vpn:read'] },
  })
  const session = await house.as(await house.colleague(ada, 'Kay', [lesser.id]))
  const put = (path: string, body: unknown) => session.send('PUT', `/api/v1/groups/${path}`, { body })

  const refused = await put(`${await admin.groupId('Admin')}/members`, { user_ids: [bob.userId] })
  t.is(refused.status, 403, 'removing one of two Admins')
  t.is(refused.body.detail, 'You cannot take away all permissions, because you do not have it yourself.')
  t.is((await put(`${watch.id}/permissions`, { permissions: ['rbac:read'] })).status, 403)
  t.is((await put(`${watch.id}/permissions`, { permissions: ['vpn:read'] })).status, 200)
  t.is((await session.send('DELETE', `/api/v1/groups/${watch.id}`)).status, 403)
  t.is((await admin.send('DELETE', `/api/v1/groups/${watch.id}`)).status, 204)
})

test('groups and users of another tenant cannot be used', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.as(await house.account())
  const stranger = await house.account()
  const strangers = await house.as(stranger)
  const theirs = await strangers.groupId('Read only')
  t.is((await admin.send('GET', `/api/v1/groups/${theirs}`)).status, 404)
  const mine = `/api/v1/groups/${await admin.groupId('Read only')}/members`
  const added = await admin.send('PUT', mine, { body: { user_ids: [stranger.userId] } })
  t.is(added.status, 422)
  t.is(added.body.errors[0].path, 'body.user_ids.0')
  t.is((await admin.send('PUT', `/api/v1/groups/${theirs}/members`, { body: { user_ids: [] } })).status, 404)
})

test('a group name is there once', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.as(await house.account())
  t.is((await admin.send('POST', '/api/v1/groups', { body: { name: 'Admin' } })).status, 409)
})

test('changes of groups are in the audit log', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const admin = await house.as(person)
  const { body } = await admin.send('POST', '/api/v1/groups', { body: { name: 'Auditors' } })
  await admin.send('PUT', `/api/v1/groups/${body.id}/permissions`, { body: { permissions: ['rbac:read'] } })
  const rows: { action: string; after: string }[] = await house.database
    .table('audit_logs')
    .where('resource_id', body.id)
    .orderBy('id')
  t.deepEqual(
    rows.map(row => row.action),
    ['group.created', 'group.permissions_set'],
  )
  t.deepEqual(JSON.parse(rows[1]?.after as string).permissions, ['rbac:read'])
})
