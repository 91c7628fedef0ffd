import test from 'ava'
import { AccessHouse } from '../access-house.ts'
import { AuthenticatorApp, enrol, requireMfa, sessionToken, verify, wrongCode } from './authenticator-app.ts'

const SETUP = '/api/v1/auth/mfa/setup'
const ENABLE = '/api/v1/auth/mfa/enable'

test('where the tenant asks for it, who has no second factor sets one up on the way in', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  await requireMfa(house, person)
  const login = await house.login(person.email)
  t.is(login.status, 200)
  t.deepEqual(Object.keys(login.body).sort(), ['mfa_setup_required', 'session_token'])
  t.is(login.cookie, undefined)

  const { session_token } = login.body
  t.is(
    (await verify(house, session_token, { totp_code: '123456' })).body.error,
    'invalid_token',
    'there is no code yet',
  )
  const setup = await house.send('POST', SETUP, { body: { session_token } })
  t.is(setup.status, 200)
  const app = new AuthenticatorApp(house, setup.body.secret)
  const wrong = await house.send('POST', ENABLE, { body: { session_token, totp_code: await wrongCode(app) } })
  t.is(wrong.body.error, 'invalid_code')
  const enabled = await house.send('POST', ENABLE, { body: { session_token, totp_code: await app.code() } })
  t.is(enabled.status, 200)
  t.is(enabled.body.recovery_codes.length, 10)
  t.truthy(enabled.cookie)
  const headers = { authorization: `Bearer ${enabled.body.access_token}` }
  t.deepEqual((await house.send('GET', '/api/v1/me/mfa', { headers })).body, {
    enabled: true,
    required: true,
    recovery_codes_left: 10,
  })
  t.is((await house.send('POST', ENABLE, { body: { session_token, totp_code: await app.code(1) } })).status, 401)
  t.true((await house.login(person.email)).body.mfa_required, 'next time with a code')
})

test('the token of one step is not taken for the other', async t => {
  const house = await AccessHouse.open(t)
  const { person } = await enrol(t, house, await house.account())
  const session_token = await sessionToken(house, person)
  for (const [url, body] of [
    [SETUP, { session_token }],
    [ENABLE, { session_token, totp_code: '123456' }],
  ] as const) {
    t.is((await house.send('POST', url, { body })).body.error, 'invalid_token')
  }
  for (const request of [
    house.send('GET', '/api/v1/me', { headers: { authorization: `Bearer ${session_token}` } }),
    house.refresh(session_token),
  ]) {
    t.is((await request).status, 401)
  }
})

test('it cannot be switched off there; an administrator can reset it', async t => {
  const house = await AccessHouse.open(t)
  const { person, session, app } = await enrol(t, house, await house.account())
  await requireMfa(house, person)
  const refused = await session.send('POST', '/api/v1/auth/mfa/disable', { body: { totp_code: await app.code() } })
  t.is(refused.status, 403)
  t.regex(refused.body.detail, /asks everybody/)
  t.true((await session.send('GET', '/api/v1/me/mfa')).body.enabled)
})

test('five wrong codes end the way in, too', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  await requireMfa(house, person)
  const { session_token } = (await house.login(person.email)).body
  const { body } = await house.send('POST', SETUP, { body: { session_token } })
  const app = new AuthenticatorApp(house, body.secret)
  const totp_code = await wrongCode(app)
  for (let guess = 0; guess < 5; guess++) {
    t.is((await house.send('POST', ENABLE, { body: { session_token, totp_code } })).body.error, 'invalid_code')
  }
  const right = await house.send('POST', ENABLE, { body: { session_token, totp_code: await app.code() } })
  t.is(right.body.error, 'invalid_token')
})
