import test from 'ava'
import { createSealer } from '../../../../kernel/secrets/sealed.ts'
import { AccessHouse, PASSWORD, SECRET_KEY } from '../access-house.ts'
import { AuthenticatorApp, auditOf, enrol, mailsTo, wrongCode } from './authenticator-app.ts'

const SETUP = '/api/v1/auth/mfa/setup'
const ENABLE = '/api/v1/auth/mfa/enable'

test('a second factor is set up: a secret, a first code, ten recovery codes shown once', async t => {
  const house = await AccessHouse.open(t, { MFA_ISSUER: 'Acme Cloud' })
  const person = await house.account()
  const session = await house.as(person)
  t.deepEqual((await session.send('GET', '/api/v1/me/mfa')).body, {
    enabled: false,
    required: false,
    recovery_codes_left: 0,
  })
  const { status, body, headers } = await session.send('POST', SETUP, { body: {} })
  t.is(status, 200)
  t.is(headers['cache-control'], 'no-store')
  t.true(
    body.otpauth_url.startsWith(
      `otpauth://totp/Acme%20Cloud:${encodeURIComponent(person.email)}?secret=${body.secret}`,
    ),
  )
  t.regex(body.qr_svg, /^<svg/)

  const app = new AuthenticatorApp(house, body.secret)
  const wrong = await session.send('POST', ENABLE, { body: { totp_code: await wrongCode(app) } })
  t.is(wrong.status, 401)
  t.is(wrong.body.error, 'invalid_code')
  t.false((await session.send('GET', '/api/v1/me/mfa')).body.enabled)

  const code = await app.code()
  const enabled = await session.send('POST', ENABLE, { body: { totp_code: `${code.slice(0, 3)} ${code.slice(3)}` } })
  t.is(enabled.status, 200)
  t.is(new Set(enabled.body.recovery_codes).size, 10)
  for (const one of enabled.body.recovery_codes) t.regex(one, /^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/)
  t.is(enabled.body.access_token, undefined)
  t.deepEqual((await session.send('GET', '/api/v1/me/mfa')).body, {
    enabled: true,
    required: false,
    recovery_codes_left: 10,
  })
  t.true((await session.send('GET', '/api/v1/me')).body.mfa_enabled)
  t.deepEqual(await mailsTo(house, person), ['Your second factor is on'])
  t.deepEqual(await auditOf(house, person), ['mfa.enabled'])
})

test('the secret is stored sealed, for its user alone, and the codes as hashes', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const { app, recoveryCodes } = await enrol(t, house, person)
  const [user] = await house.database.table('users').where('id', person.userId).select('totp_secret')
  t.false(user.totp_secret.includes(app.secret))
  const sealer = createSealer(SECRET_KEY)
  t.is(sealer.open('totp', user.totp_secret, person.userId), app.secret)
  t.throws(() => sealer.open('totp', user.totp_secret, 'somebody else'))
  const rows: { code_hash: string }[] = await house.database.table('recovery_codes').where('user_id', person.userId)
  t.is(rows.length, 10)
  for (const { code_hash } of rows) {
    t.regex(code_hash, /^[0-9a-f]{64}$/)
    t.false(recoveryCodes.includes(code_hash))
  }
})

test('setting up needs somebody who is logged in', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  for (const sent of [
    { body: {} },
    { body: {}, cookie: session.cookie },
    { body: {}, headers: { authorization: `Bearer ${session.cookie}` } },
  ]) {
    const { status, body } = await house.send('POST', SETUP, sent)
    t.is(status, 401)
    t.is(body.error, 'unauthenticated')
  }
  for (const session_token of ['nonsense', session.token]) {
    const { status, body } = await house.send('POST', SETUP, { body: { session_token } })
    t.is(status, session_token === 'nonsense' ? 401 : 422)
    t.is(body.error, session_token === 'nonsense' ? 'invalid_token' : 'invalid')
  }
})

test('setting up again before the first code replaces the secret; afterwards it is refused', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const first = new AuthenticatorApp(house, (await session.send('POST', SETUP, { body: {} })).body.secret)
  const second = new AuthenticatorApp(house, (await session.send('POST', SETUP, { body: {} })).body.secret)
  t.is((await session.send('POST', ENABLE, { body: { totp_code: await first.code() } })).status, 401)
  t.is((await session.send('POST', ENABLE, { body: { totp_code: await second.code() } })).status, 200)
  const again = await session.send('POST', SETUP, { body: {} })
  t.is(again.status, 409)
  t.regex(again.body.detail, /switch it off/)
  house.clock.forward(30_000)
  t.is((await session.send('POST', ENABLE, { body: { totp_code: await second.code() } })).status, 409)
})

test('a code without a secret is refused', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const { status, body } = await session.send('POST', ENABLE, { body: { totp_code: '123456' } })
  t.is(status, 409)
  t.regex(body.detail, /setup/)
})

test('a session of ten minutes ago needs the password, too: a stolen token locks nobody out', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  house.clock.forward(10 * 60_000)
  const app = new AuthenticatorApp(house, (await session.send('POST', SETUP, { body: {} })).body.secret)
  const enable = async (more: object) =>
    session.send('POST', ENABLE, { body: { totp_code: await app.code(), ...more } })
  const without = await enable({})
  t.is(without.status, 403)
  t.regex(without.body.detail, /password/)
  t.is((await enable({ password: 'not the password' })).status, 403)
  t.is((await enable({ password: PASSWORD })).status, 200)
})

test('other sessions end when a second factor is switched on', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const elsewhere = await house.as(person)
  const { session } = await enrol(t, house, person)
  t.is((await session.send('GET', '/api/v1/me')).status, 200)
  t.is((await elsewhere.send('GET', '/api/v1/me')).status, 401)
  t.is((await house.refresh(elsewhere.cookie)).status, 401)
  const { body } = await session.send('GET', '/api/v1/me/sessions')
  t.deepEqual(
    body.items.map((item: { methods: string[] }) => item.methods),
    [['pwd', 'otp', 'mfa']],
  )
})
