import test from 'ava'
import { AccessHouse, PASSWORD } from './access-house.ts'

test('an admin makes a user, who logs in with what their groups grant', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const email = 'rea@readers.example'
  const made = await admin.send('POST', '/api/v1/users', {
    body: { email, name: 'Rea', password: PASSWORD, group_ids: [await admin.groupId('Read only')] },
  })
  t.is(made.status, 201)
  t.like(made.body, { email, name: 'Rea', active: true, mfa_enabled: false })
  t.is(made.body.password_hash, undefined)
  const session = await house.as({ email })
  const { body } = await session.send('GET', '/api/v1/me')
  t.true(body.permissions.includes('pumps:read'))
  t.true(body.permissions.includes('users:read'))
  t.false(body.permissions.includes('vpn:read'), 'Read only leaves out VPN')
  t.true(body.permissions.every((key: string) => key.endsWith(':read')))
  t.is((await session.send('GET', '/api/v1/users')).status, 200)
  const refused = await session.send('POST', '/api/v1/users', { body: {} })
  t.is(refused.status, 403)
  t.is(refused.body.error, 'forbidden')
})

test('users are listed, searched and filtered', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const zoe = await house.colleague(ada, 'Zoe', [await admin.groupId('Read only')])
  await house.colleague(ada, 'Bob')
  const names = async (query: string): Promise<string[]> => {
    const { status, body } = await admin.send('GET', `/api/v1/users?${query}`)
    t.is(status, 200, JSON.stringify(body))
    return body.items.map((user: { name: string }) => user.name)
  }
  t.deepEqual(await names(''), ['Ada', 'Bob', 'Zoe'])
  t.deepEqual(await names('sort=-name&limit=1'), ['Zoe'])
  t.deepEqual(await names('q=zO'), ['Zoe'])
  t.deepEqual(await names('q=%25'), [])
  t.deepEqual(await names(`group_id=${await admin.groupId('Read only')}`), ['Zoe'])
  await admin.send('PATCH', `/api/v1/users/${zoe.userId}`, { body: { active: false } })
  t.deepEqual(await names('active=false'), ['Zoe'])
})

test('an e-mail that is taken on the platform is a conflict', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.as(await house.account())
  const elsewhere = await house.account()
  const { status, body } = await admin.send('POST', '/api/v1/users', {
    body: { email: elsewhere.email, name: 'X', password: PASSWORD },
  })
  t.is(status, 409)
  t.is(body.error, 'conflict')
})

test('deactivation ends sessions at once, and log-in', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const bob = await house.colleague(ada, 'Bob')
  const session = await house.as(bob)
  t.is((await session.send('GET', '/api/v1/me')).status, 200)
  const { status, body } = await admin.send('PATCH', `/api/v1/users/${bob.userId}`, { body: { active: false } })
  t.is(status, 200)
  t.false(body.active)
  t.is((await session.send('GET', '/api/v1/me')).status, 401)
  t.is((await house.refresh(session.cookie)).status, 401)
  t.is((await house.login(bob.email)).status, 401)
  await admin.send('PATCH', `/api/v1/users/${bob.userId}`, { body: { active: true } })
  t.is((await house.login(bob.email)).status, 200)
})

test('the last active Admin cannot be deactivated', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const refused = await admin.send('PATCH', `/api/v1/users/${ada.userId}`, { body: { active: false } })
  t.is(refused.status, 409)
  t.is((await admin.send('GET', '/api/v1/me')).status, 200, 'nothing of it was done')
  await house.colleague(ada, 'Bob', [await admin.groupId('Admin')])
  t.is((await admin.send('PATCH', `/api/v1/users/${ada.userId}`, { body: { active: false } })).status, 200)
})

test('nobody puts a new user into a group that holds more than they do', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const { body: group } = await admin.send('POST', '/api/v1/groups', {
    body: { name: 'Front desk', permissions: ['users:read', 'users:manage', 'rbac:read'] },
  })
  const desk = await house.as(await house.colleague(ada, 'Dee', [group.id]))
  const make = (group_ids: readonly string[]) =>
    desk.send('POST', '/api/v1/users', {
      body: { email: `new-${group_ids.length}@x.example`, name: 'New', password: PASSWORD, group_ids },
    })
  t.is((await make([await admin.groupId('Admin')])).status, 403)
  t.is((await make([group.id])).status, 201)
  const unknown = await make(['01900000-0000-7000-8000-000000000000', group.id])
  t.is(unknown.status, 422)
  t.is(unknown.body.errors[0].path, 'body.group_ids.0')
})

test('nobody changes somebody who may do more than they do', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const { body: group } = await admin.send('POST', '/api/v1/groups', {
    body: { name: 'Front desk', permissions: ['users:read', 'users:manage'] },
  })
  const dee = await house.colleague(ada, 'Dee', [group.id])
  const desk = await house.as(dee)
  const chief = await house.colleague(ada, 'Che', [await admin.groupId('Admin')])
  const reader = await house.colleague(ada, 'Rea', [await admin.groupId('Read only')])
  const bob = await house.colleague(ada, 'Bob')
  for (const [person, status] of [
    [chief, 403],
    [reader, 403],
    [bob, 200],
    [dee, 200],
  ] as const) {
    const change = (by: typeof desk, body: object) =>
      by.send('PATCH', `/api/v1/users/${person.userId}`, { body }).then(answer => answer.status)
    t.is(await change(desk, { name: 'Somebody else' }), status, person.email)
    if (person === dee) continue
    t.is(await change(desk, { active: false }), status, person.email)
    t.is(await change(admin, { active: false }), 200)
    t.is(await change(desk, { active: true }), status, person.email)
  }
  const { body } = await desk.send('PATCH', `/api/v1/users/${chief.userId}`, { body: { active: true } })
  t.is(body.detail, 'This user has all permissions, which you do not have: you cannot change them.')
})

test('of two Admins who deactivate each other at once, one stays', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const bob = await house.colleague(ada, 'Bob', [await admin.groupId('Admin')])
  const other = await house.as(bob)
  const answers = await Promise.all([
    admin.send('PATCH', `/api/v1/users/${bob.userId}`, { body: { active: false } }),
    other.send('PATCH', `/api/v1/users/${ada.userId}`, { body: { active: false } }),
  ])
  t.is(answers.filter(({ status }) => status === 200).length, 1, JSON.stringify(answers.map(({ body }) => body)))
  const left = await house.database.table('users').where({ tenant_id: ada.tenantId, active: true })
  t.is(left.length, 1)
})

test('a change on top of another one is refused', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const url = `/api/v1/users/${ada.userId}`
  const { etag } = (await admin.send('GET', url)).headers
  const change = (name: string) => admin.send('PATCH', url, { body: { name }, headers: { 'if-match': String(etag) } })
  t.is((await change('Ada L.')).status, 200)
  const late = await change('Ada B.')
  t.is(late.status, 412)
  t.is(late.body.error, 'stale')
})

test('users of another tenant are not there', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.as(await house.account())
  const other = await house.account()
  const url = `/api/v1/users/${other.userId}`
  t.is((await admin.send('GET', url)).status, 404)
  t.is((await admin.send('PATCH', url, { body: { active: false } })).status, 404)
  const { body } = await admin.send('GET', '/api/v1/users')
  t.is(body.items.length, 1)
})
