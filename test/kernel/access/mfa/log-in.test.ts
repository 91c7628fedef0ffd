import test from 'ava'
import { decodeJwt } from '../../../security/jwt.ts'
import { AccessHouse } from '../access-house.ts'
import { enrol, sessionToken, verify, wrongCode } from './authenticator-app.ts'

test('the password alone gives no tokens, password and code do', async t => {
  const house = await AccessHouse.open(t)
  const { person, app } = await enrol(t, house, await house.account())
  const first = await house.login(person.email)
  t.is(first.status, 200)
  t.deepEqual(Object.keys(first.body).sort(), ['mfa_required', 'session_token'])
  t.true(first.body.mfa_required)
  t.is(first.cookie, undefined)

  const second = await verify(house, first.body.session_token, { totp_code: await app.code() })
  t.is(second.status, 200)
  t.is(second.body.token_type, 'Bearer')
  t.truthy(second.cookie)
  t.like(decodeJwt(second.body.access_token), { sub: person.userId, amr: ['pwd', 'otp', 'mfa'] })
  const refreshed = await house.refresh(second.cookie)
  t.deepEqual(decodeJwt(refreshed.body.access_token).amr, ['pwd', 'otp', 'mfa'])
})

test('without a second factor the token says that there was a password', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  t.deepEqual(decodeJwt(session.token).amr, ['pwd'])
  t.is(decodeJwt(session.cookie).amr, undefined)
})

test('a wrong password says nothing of a second factor', async t => {
  const house = await AccessHouse.open(t)
  const { person } = await enrol(t, house, await house.account())
  const { status, body } = await house.login(person.email, 'not the password')
  t.is(status, 401)
  t.is(body.error, 'invalid_credentials')
})

test('a session token works once, for five minutes, and five wrong codes end it', async t => {
  const house = await AccessHouse.open(t)
  const { person, app } = await enrol(t, house, await house.account())
  const used = await sessionToken(house, person)
  t.is((await verify(house, used, { totp_code: await app.code() })).status, 200)
  house.clock.forward(30_000)
  const again = await verify(house, used, { totp_code: await app.code() })
  t.is(again.status, 401)
  t.is(again.body.error, 'invalid_token')

  const late = await sessionToken(house, person)
  house.clock.forward(5 * 60_000)
  t.is((await verify(house, late, { totp_code: await app.code() })).body.error, 'invalid_token')

  const guessed = await sessionToken(house, person)
  for (let guess = 0; guess < 5; guess++) {
    const { status, body } = await verify(house, guessed, { totp_code: await wrongCode(app) })
    t.is(status, 401)
    t.is(body.error, 'invalid_code')
  }
  t.is((await verify(house, guessed, { totp_code: await app.code() })).body.error, 'invalid_token')
})

test('new session tokens give no new guesses: the user is slowed down, whatever the password says', async t => {
  const house = await AccessHouse.open(t)
  const { person, app } = await enrol(t, house, await house.account())
  for (let guess = 0; guess < 6; guess++) {
    const token = await sessionToken(house, person)
    t.is((await verify(house, token, { totp_code: await wrongCode(app) })).status, 401)
  }
  const token = await sessionToken(house, person)
  const slowed = await verify(house, token, { totp_code: await app.code() })
  t.is(slowed.status, 429)
  t.true(Number(slowed.headers['retry-after']) >= 1)
  house.clock.forward(60_000)
  t.is((await verify(house, token, { totp_code: await app.code() })).status, 200, 'a pause, not the end')
})

test('a code is taken once, also for another log-in, and none before it is taken after it', async t => {
  const house = await AccessHouse.open(t)
  const { person, app } = await enrol(t, house, await house.account())
  const code = await app.code()
  const before = await app.code(-1)
  t.is((await verify(house, await sessionToken(house, person), { totp_code: code })).status, 200)
  const next = await sessionToken(house, person)
  t.is((await verify(house, next, { totp_code: code })).body.error, 'invalid_code')
  t.is((await verify(house, next, { totp_code: before })).body.error, 'invalid_code')
  t.is((await verify(house, next, { totp_code: await app.code(1) })).status, 200, 'the app is half a minute ahead')
})

test('the code that switched it on does not log in', async t => {
  const house = await AccessHouse.open(t)
  const { person, app } = await enrol(t, house, await house.account())
  const { body } = await verify(house, await sessionToken(house, person), { totp_code: await app.code(-1) })
  t.is(body.error, 'invalid_code')
})

test("somebody else's code, or none, or two, does not log in", async t => {
  const house = await AccessHouse.open(t)
  const ada = await enrol(t, house, await house.account())
  const bob = await enrol(t, house, await house.account())
  const token = await sessionToken(house, ada.person)
  t.is((await verify(house, token, { totp_code: await bob.app.code() })).body.error, 'invalid_code')
  t.is((await verify(house, token, { recovery_code: bob.recoveryCodes[0] as string })).body.error, 'invalid_code')
  t.is((await verify(house, token, {})).status, 422)
  const both = { totp_code: await ada.app.code(), recovery_code: ada.recoveryCodes[0] as string }
  t.is((await verify(house, token, both)).status, 422)
  t.is((await verify(house, token, { totp_code: await ada.app.code() })).status, 200)
})

test('what ends sessions ends log-ins that are half done', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.account()
  const session = await house.as(admin)
  const { person, app } = await enrol(t, house, await house.colleague(admin, 'Bob'))
  const token = await sessionToken(house, person)
  t.is((await session.send('DELETE', `/api/v1/users/${person.userId}/sessions`)).status, 204)
  t.is((await verify(house, token, { totp_code: await app.code() })).body.error, 'invalid_token')

  const next = await sessionToken(house, person)
  await session.send('PATCH', `/api/v1/users/${person.userId}`, { body: { active: false } })
  t.is((await verify(house, next, { totp_code: await app.code() })).body.error, 'invalid_token')
})

test('a tenant that was suspended between the steps keeps its people out', async t => {
  const house = await AccessHouse.open(t)
  const { person, app } = await enrol(t, house, await house.account())
  const token = await sessionToken(house, person)
  const db = house.database
  await db.transaction(async () => {
    await db.table('tenants').where('id', person.tenantId).update({ status: 'suspended' })
    await house.kernel.tenancy.features.changed(db, person.tenantId)
  })
  const { status, body } = await verify(house, token, { totp_code: await app.code() })
  t.is(status, 403)
  t.is(body.error, 'tenant_suspended')
})
