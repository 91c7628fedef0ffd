import test from 'ava'
import { AccessHouse } from './access-house.ts'

test('GET /me/features has every known feature, on or off', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const session = await house.as(person)
  t.deepEqual((await session.send('GET', '/api/v1/me/features')).body, { backup: false, security: false, vpn: true })
  await house.license(person.tenantId, ['security', 'backup', 'teleport'])
  t.deepEqual((await session.send('GET', '/api/v1/me/features')).body, { backup: true, security: true, vpn: false })
})

test('a tenant whose licence ran out is out, whatever tokens it holds', async t => {
  const house = await AccessHouse.open(t, { ACCESS_TOKEN_EXPIRE_MINUTES: '1440' })
  const person = await house.register()
  await house.license(person.tenantId, ['vpn'], -13.9)
  const session = await house.as(person)
  t.deepEqual((await session.send('GET', '/api/v1/me/features')).body.vpn, false, 'grace')
  house.clock.forward(0.2 * 86_400_000)
  const { status, body } = await session.send('GET', '/api/v1/me')
  t.is(status, 403)
  t.is(body.error, 'license_expired')
})
