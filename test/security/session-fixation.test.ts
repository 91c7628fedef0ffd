import test from 'ava'
import { AccessHouse } from '../kernel/access/access-house.ts'
import { enrol, sessionToken, verify } from '../kernel/access/mfa/authenticator-app.ts'
import { decodeJwt } from './jwt.ts'

test('a log-in begins a session of its own, whatever cookie came along', async t => {
  const house = await AccessHouse.open(t)
  const attacker = await house.as(await house.account())
  const victim = await house.account()
  const body = { email: victim.email, password: 'quiet otter at the kiln' }
  const { body: tokens, cookie } = await house.send('POST', '/api/v1/auth/login', { body, cookie: attacker.cookie })
  t.not(cookie, attacker.cookie)
  t.not(decodeJwt(tokens.access_token).sid, decodeJwt(attacker.token).sid)
  const me = await attacker.send('GET', '/api/v1/me')
  t.not(me.body.email, victim.email)
  const refreshed = await house.refresh(attacker.cookie)
  t.is(decodeJwt(refreshed.body.access_token).sub, decodeJwt(attacker.token).sub)
})

test('so does the second step: what was known before it is worth nothing after it', async t => {
  const house = await AccessHouse.open(t)
  const attacker = await house.as(await house.account())
  const { person, app } = await enrol(t, house, await house.account())
  const token = await sessionToken(house, person)
  const { status, body, cookie } = await house.send('POST', '/api/v1/auth/mfa/verify', {
    body: { session_token: token, totp_code: await app.code() },
    cookie: attacker.cookie,
  })
  t.is(status, 200)
  t.not(cookie, attacker.cookie)
  t.not(decodeJwt(body.access_token).sid, decodeJwt(attacker.token).sid)
  t.is((await verify(house, token, { totp_code: await app.code(1) })).status, 401)
  t.is((await house.refresh(token)).status, 401)
})

test('every log-in has another session, and ending one leaves the others', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const [one, other] = [await house.as(person), await house.as(person)]
  t.not(decodeJwt(one.token).sid, decodeJwt(other.token).sid)
  await house.send('POST', '/api/v1/auth/logout', { cookie: one.cookie })
  t.is((await one.send('GET', '/api/v1/me')).status, 401)
  t.is((await other.send('GET', '/api/v1/me')).status, 200)
})

test('a session of before the second factor does not get through it by being refreshed', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const before = await house.as(person)
  await enrol(t, house, person)
  const { status } = await house.refresh(before.cookie)
  t.is(status, 401)
})
