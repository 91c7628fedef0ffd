import test from 'ava'
import { Passwords } from '../../../kernel/access/passwords.ts'
import { AccessHouse, PASSWORD } from './access-house.ts'

test('a registered tenant waits for its licence, then logs in', async t => {
  const house = await AccessHouse.open(t)
  const body = {
    account_name: 'Beta-Works',
    tenant_name: 'Beta Works',
    name: 'Bea',
    email: 'Bea@Beta.example',
    password: PASSWORD,
  }
  const registered = await house.send('POST', '/api/v1/auth/register', { body })
  t.is(registered.status, 201)
  t.is(registered.body.status, 'pending')

  const early = await house.login('bea@beta.example')
  t.is(early.status, 403)
  t.is(early.body.error, 'tenant_pending')
  t.is(early.cookie, undefined)

  const licensed = await house.license(registered.body.tenant_id, ['vpn'])
  t.is(licensed.status, 200)
  t.like(licensed.body, { tenant_id: registered.body.tenant_id, status: 'active', features: ['vpn'] })

  const { status, body: tokens, cookie } = await house.login('BEA@beta.EXAMPLE')
  t.is(status, 200)
  t.is(tokens.token_type, 'Bearer')
  t.is(tokens.expires_in, 3600)
  t.truthy(cookie)
  const me = await house.send('GET', '/api/v1/me', { headers: { authorization: `Bearer ${tokens.access_token}` } })
  t.like(me.body, {
    id: registered.body.user_id,
    email: 'Bea@Beta.example',
    name: 'Bea',
    permissions: ['*'],
    tenant: { account_name: 'beta-works', status: 'active' },
  })
  t.deepEqual(
    me.body.groups.map((group: { name: string }) => group.name),
    ['Admin'],
  )
})

test('account names are unique on the platform, and public', async t => {
  const house = await AccessHouse.open(t)
  const body = { account_name: 'gamma', tenant_name: 'Gamma', name: 'G', email: 'g@gamma.example', password: PASSWORD }
  t.is((await house.send('POST', '/api/v1/auth/register', { body })).status, 201)
  const sameName = await house.send('POST', '/api/v1/auth/register', { body: { ...body, email: 'h@gamma.example' } })
  t.is(sameName.status, 409)
  t.is(sameName.body.error, 'conflict')
  t.regex(sameName.body.detail, /gamma/)
})

test('an e-mail is unique on the platform, and whether it is taken is not told', async t => {
  const house = await AccessHouse.open(t)
  const { email, userId } = await house.register()
  const body = { account_name: 'gamma', tenant_name: 'G', name: 'G', email: email.toUpperCase(), password: PASSWORD }
  const { status, body: answer } = await house.send('POST', '/api/v1/auth/register', { body })
  t.is(status, 201)
  t.is(answer.status, 'pending')
  const users = await house.database.table('users').where('email_key', email).select('id')
  t.deepEqual(
    users.map(({ id }: { id: string }) => id),
    [userId],
  )
})

test('a registration with faults says each', async t => {
  const house = await AccessHouse.open(t)
  const good = { account_name: 'delta', tenant_name: 'Delta', name: 'D', email: 'd@delta.example', password: PASSWORD }
  for (const [bad, path] of [
    [{ account_name: 'a b' }, 'body.account_name'],
    [{ email: 'nobody' }, 'body.email'],
    [{ password: 'short' }, 'body.password'],
    [{ password: 'password1234' }, 'body.password'],
    [{ password: 'd@delta.example' }, 'body.password'],
    [{ password: 'ä'.repeat(37) }, 'body.password'],
    [{ role: 'root' }, 'body.role'],
  ] as const) {
    const { status, body } = await house.send('POST', '/api/v1/auth/register', { body: { ...good, ...bad } })
    t.is(status, 422, JSON.stringify(bad))
    t.is(body.errors[0].path, path)
  }
})

test('a wrong password, an unknown and an inactive account get the same answer', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.account()
  const session = await house.as(admin)
  const inactive = await house.colleague(admin, 'Ina')
  await session.send('PATCH', `/api/v1/users/${inactive.userId}`, { body: { active: false } })
  const answers = [
    await house.login(admin.email, 'not the password'),
    await house.login('nobody@nowhere.example', 'not the password'),
    await house.login(inactive.email),
  ]
  for (const { status, body } of answers) {
    t.is(status, 401)
    t.deepEqual({ ...body, trace_id: '' }, { ...answers[0]?.body, trace_id: '' })
    t.is(body.error, 'invalid_credentials')
  }
})

test('only who knows the password learns where the account stands', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.register()
  t.is((await house.login(person.email, 'not the password')).body.error, 'invalid_credentials')
  t.is((await house.login(person.email)).body.error, 'tenant_pending')
  await house.license(person.tenantId, [], -30)
  t.is((await house.login(person.email)).body.error, 'license_expired')
  await house.license(person.tenantId, [], -1)
  t.is((await house.login(person.email)).status, 200, 'grace')
})

test('failed attempts slow down an account, known or not, until it answers 429', async t => {
  const house = await AccessHouse.open(t)
  const { email } = await house.account()
  for (const address of [email, 'nobody@nowhere.example']) {
    for (let attempt = 0; attempt < 6; attempt++) {
      t.is((await house.login(address, 'not the password')).status, 401)
    }
    const slowed = await house.login(address)
    t.is(slowed.status, 429, 'the right password does not help now')
    t.is(slowed.body.error, 'too_many_requests')
    t.true(Number(slowed.headers['retry-after']) >= 1)
  }
})

test('check-method says the same for everybody', async t => {
  const house = await AccessHouse.open(t)
  const { email } = await house.account()
  for (const address of [email, 'nobody@nowhere.example']) {
    const { status, body } = await house.send('POST', '/api/v1/auth/check-method', { body: { email: address } })
    t.is(status, 200)
    t.deepEqual(body, { method: 'password' })
  }
})

test('log-ins and registrations are in the audit log, with the user', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  await house.as(person)
  const rows: { action: string; actor_id: string }[] = await house.database
    .table('audit_logs')
    .where('tenant_id', person.tenantId)
    .select('action', 'actor_id')
  t.deepEqual(rows.map(row => row.action).sort(), ['license.refreshed', 'session.started'])
  t.is(rows.find(row => row.action === 'session.started')?.actor_id, person.userId)
})

test('a password that is changed while it is being compared lets nobody in', async t => {
  const { promise: comparing, resolve: began } = Promise.withResolvers<void>()
  const { promise: changed, resolve: goOn } = Promise.withResolvers<void>()
  const passwords = new Passwords({
    cost: 4,
    compare: async () => {
      began()
      await changed
      return true
    },
  })
  const house = await AccessHouse.open(t, {}, { passwords })
  const person = await house.account()
  const login = house.login(person.email)
  await comparing
  await house.database.table('users').where('id', person.userId).update({ password_hash: 'another' })
  goOn()
  const { status, body } = await login
  t.is(status, 401)
  t.is(body.error, 'invalid_credentials')
})
