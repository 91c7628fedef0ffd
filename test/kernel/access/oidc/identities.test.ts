import test from 'ava'
import { browserAt, openHouse, outcome, whoIs } from './federated-house.ts'
import { startProvider } from './identity-provider.ts'

const LOGIN = '/api/v1/auth/microsoft/login'

test('an administrator sees as whom users are known elsewhere, and lets one go', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const person = await house.account()
  const admin = await house.as(person)
  const user = await house.colleague(person, 'Eve')
  const path = `/api/v1/users/${user.userId}/identities`
  t.deepEqual((await admin.send('GET', path)).body, { items: [] })
  provider.accounts.one = { email: user.email, email_verified: true }
  provider.accounts.two = { email: user.email, email_verified: true }
  await browserAt(house).signIn(LOGIN, 'one')
  const [identity] = (await admin.send('GET', path)).body.items
  t.like(identity, { issuer: provider.issuer, subject: 'one' })
  t.deepEqual(outcome(await browserAt(house).signIn(LOGIN, 'two')), { error: 'sign_in_failed' })

  const stranger = await house.as(await house.account())
  t.is((await stranger.send('GET', path)).status, 404)
  t.is((await stranger.send('DELETE', `${path}/${identity.id}`)).status, 404)
  const { body: group } = await admin.send('POST', '/api/v1/groups', { body: { name: 'Users' } })
  const permissions = { permissions: ['users:read', 'users:manage'] }
  await admin.send('PUT', `/api/v1/groups/${group.id}/permissions`, { body: permissions })
  const manager = await house.as(await house.colleague(person, 'Max', [group.id]))
  const own = `/api/v1/users/${person.userId}/identities/${identity.id}`
  t.is((await manager.send('DELETE', own)).status, 403, 'not of somebody who may do more')
  t.is((await manager.send('DELETE', `${path}/${identity.id}`)).status, 204)
  t.is((await manager.send('DELETE', `${path}/${identity.id}`)).status, 404)

  const { token } = outcome(await browserAt(house).signIn(LOGIN, 'two'))
  t.is((await whoIs(house, token)).id, user.userId)
})
