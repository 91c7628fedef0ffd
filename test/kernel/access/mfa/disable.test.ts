import test from 'ava'
import { decodeJwt } from '../../../security/jwt.ts'
import { AccessHouse, PASSWORD } from '../access-house.ts'
import { auditOf, enrol, mailsTo, sessionToken, verify, wrongCode } from './authenticator-app.ts'

const DISABLE = '/api/v1/auth/mfa/disable'

test('a second factor is switched off with the password, a code or a recovery code', async t => {
  const house = await AccessHouse.open(t)
  for (const how of ['password', 'totp_code', 'recovery_code'] as const) {
    const { person, session, app, recoveryCodes } = await enrol(t, house, await house.account())
    const given = { password: PASSWORD, totp_code: await app.code(), recovery_code: recoveryCodes[0] }[how]
    t.is((await session.send('POST', DISABLE, { body: { [how]: given } })).status, 204, how)
    t.truthy((await house.login(person.email)).body.access_token)
    const [user] = await house.database.table('users').where('id', person.userId).select('totp_secret')
    t.is(user.totp_secret, null)
    t.is((await house.database.table('recovery_codes').where('user_id', person.userId)).length, 0)
    t.is((await mailsTo(house, person)).at(-1), 'Your second factor is off')
    t.is((await auditOf(house, person)).at(-1), 'mfa.disabled')
  }
})

test('nothing, or the wrong thing, does not switch it off', async t => {
  const house = await AccessHouse.open(t)
  const { session, app } = await enrol(t, house, await house.account())
  t.is((await session.send('POST', DISABLE, { body: {} })).status, 422)
  t.is((await session.send('POST', DISABLE, { body: { password: 'not the password' } })).status, 403)
  t.is((await session.send('POST', DISABLE, { body: { totp_code: await wrongCode(app) } })).status, 401)
  t.is((await session.send('POST', DISABLE, { body: { recovery_code: '0000-0000-0000-0000' } })).status, 401)
  t.is((await house.send('POST', DISABLE, { body: { password: PASSWORD } })).status, 401, 'not logged in')
  t.true((await session.send('GET', '/api/v1/me/mfa')).body.enabled)
})

test('guesses are slowed down here as well', async t => {
  const house = await AccessHouse.open(t)
  const { session, app } = await enrol(t, house, await house.account())
  const totp_code = await wrongCode(app)
  for (let guess = 0; guess < 6; guess++)
    t.is((await session.send('POST', DISABLE, { body: { totp_code } })).status, 401)
  t.is((await session.send('POST', DISABLE, { body: { totp_code: await app.code() } })).status, 429)
})

test('without a second factor there is nothing to switch off', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  t.is((await session.send('POST', DISABLE, { body: { password: PASSWORD } })).status, 409)
})

test('other sessions end, and this one is one with a password only from then on', async t => {
  const house = await AccessHouse.open(t)
  const { person, app, session } = await enrol(t, house, await house.account())
  const elsewhere = await verify(house, await sessionToken(house, person), { totp_code: await app.code() })
  t.is((await session.send('POST', DISABLE, { body: { password: PASSWORD } })).status, 204)
  t.is((await house.refresh(elsewhere.cookie)).status, 401)
  const refreshed = await house.refresh(session.cookie)
  t.is(refreshed.status, 200)
  t.deepEqual(decodeJwt(refreshed.body.access_token).amr, ['pwd'])
})
