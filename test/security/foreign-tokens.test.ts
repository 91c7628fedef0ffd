import test from 'ava'
import jwt from 'jsonwebtoken'
import { AccessHouse, SECRET_KEY } from '../kernel/access/access-house.ts'
import { decodeJwt } from './jwt.ts'

/** Tokens that are signed with our key and still not good, by what is wrong with them. */
const wrongs = (now: number): Readonly<Record<string, object>> => ({
  'expired this second': { exp: now },
  'expired long ago': { exp: now - 86_400, iat: now - 90_000 },
  'made in the future': { iat: now + 61 },
  'made at no time': { iat: undefined },
  'not good before later': { nbf: now + 61 },
  'without an end': { exp: undefined },
  'for another audience': { aud: 'management-api' },
  'for no audience': { aud: undefined },
  'from another issuer': { iss: 'monozu-management' },
  'from nobody': { iss: undefined },
  'of another type': { typ: 'refresh' },
  'of no type': { typ: undefined },
  'of a type that is none': { typ: ['access'] },
  'without a subject': { sub: undefined },
  'with a subject that is none': { sub: { $ne: '' } },
  'without a session': { sid: '' },
  'without a tenant': { tenant_id: 7 },
})

test('a token that is not for now, not for here or not for this is refused, although the key is right', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const claims = decodeJwt(session.token)
  const now = Math.floor(house.clock.time / 1000)
  const ask = (payload: object) =>
    session.send('GET', '/api/v1/me', {
      headers: {
        authorization: `Bearer ${jwt.sign(JSON.stringify(payload), SECRET_KEY, { header: { alg: 'HS256', typ: 'JWT' } })}`,
      },
    })
  t.is((await ask(claims)).status, 200)
  t.is((await ask({ ...claims, iat: now + 60 })).status, 200, 'clocks may be a minute apart')
  t.is((await ask({ ...claims, aud: ['cloud-api', 'another'] })).status, 200)
  for (const [what, wrong] of Object.entries(wrongs(now))) {
    const { status, body } = await ask({ ...claims, ...wrong })
    t.is(`${status} ${body.error}`, '401 unauthenticated', what)
  }
})

test("somebody else's session does not fit one's own name, nor another tenant", async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.as(await house.account())
  const bob = await house.as(await house.account())
  const [a, b] = [decodeJwt(ada.token), decodeJwt(bob.token)]
  for (const mixed of [
    { ...a, sid: b.sid },
    { ...a, tenant_id: b.tenant_id },
    { ...a, sub: b.sub },
    { ...b, sub: a.sub, tenant_id: a.tenant_id },
  ]) {
    const headers = { authorization: `Bearer ${jwt.sign(mixed, SECRET_KEY)}` }
    t.is((await house.send('GET', '/api/v1/me', { headers })).status, 401)
  }
})

test('a refresh token of another issuer, key or time gives nothing', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const claims = decodeJwt(session.cookie)
  for (const cookie of [
    jwt.sign({ ...claims, iss: 'x' }, SECRET_KEY),
    jwt.sign({ ...claims, jti: 'another' }, SECRET_KEY),
    jwt.sign(claims, 'another-secret-key-0123456789-0123456789'),
    session.token,
  ]) {
    const { status, cookie: given } = await house.refresh(cookie)
    t.is(status, 401)
    t.is(given, undefined)
  }
  t.is((await house.refresh(session.cookie)).status, 200, 'the real one is not harmed by that')
})
