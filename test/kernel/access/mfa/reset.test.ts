import test from 'ava'
import { AccessHouse } from '../access-house.ts'
import { auditOf, enrol, mailsTo, sessionToken, verify } from './authenticator-app.ts'

test('an administrator takes the second factor of somebody away: sessions end, and they are told', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.account()
  const session = await house.as(admin)
  const bob = await enrol(t, house, await house.colleague(admin, 'Bob'))
  const halfway = await sessionToken(house, bob.person)
  t.is((await session.send('DELETE', `/api/v1/users/${bob.person.userId}/mfa`)).status, 204)
  t.is((await bob.session.send('GET', '/api/v1/me')).status, 401)
  t.is((await verify(house, halfway, { totp_code: await bob.app.code() })).status, 401)
  t.truthy((await house.login(bob.person.email)).body.access_token)
  t.is((await mailsTo(house, bob.person)).at(-1), 'An administrator removed your second factor')
  t.is((await auditOf(house, admin)).at(-1), 'mfa.reset')
  const again = await session.send('DELETE', `/api/v1/users/${bob.person.userId}/mfa`)
  t.is(again.status, 404)
})

test('nobody acts on somebody who has what they lack, nor on another tenant, nor so on themselves', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.account()
  const owner = await enrol(t, house, admin)
  const session = owner.session
  const made = await session.send('POST', '/api/v1/groups', { body: { name: 'Desk', permissions: ['users:manage'] } })
  const desk = await house.as(await house.colleague(admin, 'Dee', [made.body.id]))
  const reader = await house.as(await house.colleague(admin, 'Rea'))
  const stranger = await house.as(await house.account())
  const path = `/api/v1/users/${admin.userId}`
  for (const what of ['mfa', 'sessions']) {
    t.is((await desk.send('DELETE', `${path}/${what}`)).status, 403, what)
    t.is((await reader.send('DELETE', `${path}/${what}`)).status, 403, what)
    t.is((await stranger.send('DELETE', `${path}/${what}`)).status, 404, what)
  }
  t.is((await reader.send('GET', `${path}/sessions`)).status, 403)
  t.is((await stranger.send('GET', `${path}/sessions`)).status, 404)
  t.is((await session.send('DELETE', `${path}/mfa`)).status, 403)
  t.true((await session.send('GET', '/api/v1/me/mfa')).body.enabled)
})

test("an administrator sees and ends a user's sessions", async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.account()
  const session = await house.as(admin)
  const bob = await house.colleague(admin, 'Bob')
  const theirs = await house.as(bob)
  const { body } = await session.send('GET', `/api/v1/users/${bob.userId}/sessions`)
  t.is(body.items.length, 1)
  t.deepEqual(body.items[0].methods, ['pwd'])
  t.false(body.items[0].current)
  t.is((await session.send('DELETE', `/api/v1/users/${bob.userId}/sessions`)).status, 204)
  t.is((await theirs.send('GET', '/api/v1/me')).status, 401)
  t.is((await house.refresh(theirs.cookie)).status, 401)
  t.is((await session.send('GET', '/api/v1/me')).status, 200)
})
