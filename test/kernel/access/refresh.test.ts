import test from 'ava'
import { AccessHouse } from './access-house.ts'

test('each refresh token is exchanged for the next', async t => {
  const house = await AccessHouse.open(t)
  const { cookie } = await house.as(await house.account())
  const second = await house.refresh(cookie)
  t.is(second.status, 200)
  t.not(second.cookie, cookie)
  const third = await house.refresh(second.cookie)
  t.is(third.status, 200)
  const me = await house.send('GET', '/api/v1/me', { headers: { authorization: `Bearer ${third.body.access_token}` } })
  t.is(me.status, 200)
})

test('two tabs may use the same token within ten seconds', async t => {
  const house = await AccessHouse.open(t)
  const { cookie } = await house.as(await house.account())
  const one = await house.refresh(cookie)
  house.clock.forward(10_000)
  const other = await house.refresh(cookie)
  t.is(other.status, 200)
  t.is((await house.refresh(one.cookie)).status, 200)
  t.is((await house.refresh(other.cookie)).status, 200)
})

test('a rotated token that is used again ends the whole family, access tokens too', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const stolen = await house.as(person)
  const elsewhere = await house.as(person)
  const next = await house.refresh(stolen.cookie)
  t.is((await stolen.send('GET', '/api/v1/me')).status, 200)

  house.clock.forward(10_001)
  const reused = await house.refresh(stolen.cookie)
  t.is(reused.status, 401)
  t.is(reused.body.error, 'unauthenticated')
  t.is((await house.refresh(next.cookie)).status, 401, 'the rightful heir is out as well')
  t.is((await stolen.send('GET', '/api/v1/me')).status, 401)
  t.is((await elsewhere.send('GET', '/api/v1/me')).status, 200, 'another log-in of the same user goes on')
  t.is((await house.refresh(elsewhere.cookie)).status, 200)
  const detected = await house.database.table('audit_logs').where('action', 'session.reuse_detected')
  t.is(detected.length, 1)
  t.is(detected[0].actor_id, person.userId)
})

test('without a cookie, with one that ran out, or with an access token in it: 401', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  for (const cookie of [undefined, 'nonsense', session.token]) {
    const { status, body } = await house.refresh(cookie)
    t.is(status, 401)
    t.is(body.error, 'unauthenticated')
  }
  house.clock.forward(7 * 86_400_000)
  t.is((await house.refresh(session.cookie)).status, 401)
})

test('a refresh token is no access token', async t => {
  const house = await AccessHouse.open(t)
  const { cookie } = await house.as(await house.account())
  const { status } = await house.send('GET', '/api/v1/me', { headers: { authorization: `Bearer ${cookie}` } })
  t.is(status, 401)
})

test('a suspended tenant cannot refresh, and keeps its token for when it is back', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const { cookie } = await house.as(person)
  const suspend = async (status: string): Promise<void> => {
    const db = house.database
    await db.transaction(async () => {
      await db.table('tenants').where('id', person.tenantId).update({ status })
      await house.kernel.tenancy.features.changed(db, person.tenantId)
    })
  }
  await suspend('suspended')
  const refused = await house.refresh(cookie)
  t.is(refused.status, 403)
  t.is(refused.body.error, 'tenant_suspended')
  await suspend('active')
  t.is((await house.refresh(cookie)).status, 200)
})

test('log-out ends the session and takes the cookie away; once more does no harm', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  t.is((await session.send('GET', '/api/v1/me')).status, 200)
  const out = await house.send('POST', '/api/v1/auth/logout', { cookie: session.cookie })
  t.is(out.status, 204)
  t.regex(String(out.headers['set-cookie']), /^refresh_token=; Max-Age=0; Path=\/api\/v1\/auth; HttpOnly/)
  t.is((await session.send('GET', '/api/v1/me')).status, 401, 'the access token ends with it')
  t.is((await house.refresh(session.cookie)).status, 401)
  t.is((await house.send('POST', '/api/v1/auth/logout', { cookie: session.cookie })).status, 204)
  t.is((await house.send('POST', '/api/v1/auth/logout')).status, 204)
})

test('cookie routes take requests from the allowed origins and the API itself only', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const { cookie } = await house.as(person)
  for (const origin of ['https://evil.example', 'null', 'https://cloud.example.evil.example']) {
    for (const answer of [
      await house.refresh(cookie, { origin }),
      await house.send('POST', '/api/v1/auth/logout', { cookie, headers: { origin } }),
      await house.login(person.email, undefined, { origin }),
    ]) {
      t.is(answer.status, 403, origin)
      t.is(answer.body.error, 'origin_not_allowed')
    }
  }
  t.is((await house.refresh(cookie, { 'sec-fetch-site': 'cross-site' })).status, 403)
  const fromApp = await house.refresh(cookie, { origin: 'https://cloud.example' })
  t.is(fromApp.status, 200)
  t.is((await house.refresh(fromApp.cookie, { origin: 'https://api.example' })).status, 200, 'its own origin')
})

test('the cookie is out of reach of scripts, of other paths and of plain HTTP', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const { headers } = await house.login(person.email)
  const attributes = String(headers['set-cookie']).split('; ').slice(1).sort()
  t.deepEqual(attributes, ['HttpOnly', 'Max-Age=604800', 'Path=/api/v1/auth', 'SameSite=Strict', 'Secure'])
  const local = await house.login(person.email, undefined, { host: 'localhost:8000' })
  t.notRegex(String(local.headers['set-cookie']), /Secure/, 'plain HTTP on this machine, in development')
})
