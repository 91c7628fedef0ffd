import test, { type ExecutionContext } from 'ava'
import jwt from 'jsonwebtoken'
import { Operators } from '../../../kernel/access/operators.ts'
import { decodeJwt } from '../../security/jwt.ts'
import { AccessHouse, type Person, SECRET_KEY } from './access-house.ts'
import { enrol, sessionToken, verify } from './mfa/authenticator-app.ts'

const PANEL = { ADMIN_PANEL_ENABLED: 'true', PLATFORM_ADMIN_EMAIL_DOMAIN: 'Monozu.example' }

/** Somebody with an address of the operators' domain, or of another one. */
async function somebody(house: AccessHouse, email: string, verified = true): Promise<Person> {
  const person = await house.account()
  await house.database
    .table('users')
    .where('id', person.userId)
    .update({ email, email_key: email.toLowerCase(), email_verified_at: verified ? house.clock.now() : null })
  return { ...person, email }
}

/** Logs somebody in with both factors; answers their access token and cookie. */
async function withBoth(t: ExecutionContext, house: AccessHouse, person: Person) {
  const enrolled = await enrol(t, house, person)
  const { body, cookie } = await verify(house, await sessionToken(house, person), {
    totp_code: await enrolled.app.code(),
  })
  return { ...enrolled, token: body.access_token as string, cookie }
}

const principalOf = (house: AccessHouse, token: string) =>
  house.kernel.access.authenticator.authenticate(`Bearer ${token}`)

test('an operator has an address of the domain that was shown to be theirs, and two factors', async t => {
  const house = await AccessHouse.open(t, PANEL)
  const { token, cookie } = await withBoth(t, house, await somebody(house, 'Ops@MONOZU.example'))
  t.true(decodeJwt(token).platform_admin)
  t.true((await principalOf(house, token)).platformAdmin)
  const refreshed = await house.refresh(cookie)
  t.true((await principalOf(house, refreshed.body.access_token)).platformAdmin)
  const again = await house.kernel.access.authenticator.again(await principalOf(house, token))
  t.true(again.platformAdmin)
})

test('a password alone makes none', async t => {
  const house = await AccessHouse.open(t, PANEL)
  const { token } = await house.as(await somebody(house, 'ops@monozu.example'))
  t.is(decodeJwt(token).platform_admin, undefined)
  t.is((await principalOf(house, token)).platformAdmin, undefined)
})

test('an address that is not confirmed, or of a domain that only looks like it, makes none', async t => {
  const house = await AccessHouse.open(t, PANEL)
  for (const [email, verified] of [
    ['ops@monozu.example', false],
    ['ops@sub.monozu.example', true],
    ['ops@evilmonozu.example', true],
    ['ops@monozu.example.evil.example', true],
  ] as const) {
    const { token } = await withBoth(t, house, await somebody(house, email, verified))
    t.is(decodeJwt(token).platform_admin, undefined, email)
    t.is((await principalOf(house, token)).platformAdmin, undefined, email)
    await house.database
      .table('users')
      .where('email', email)
      .update({ email_key: `${Math.random()}` })
  }
})

test('without the panel there are none', async t => {
  const house = await AccessHouse.open(t, { ...PANEL, ADMIN_PANEL_ENABLED: 'false' })
  const { token } = await withBoth(t, house, await somebody(house, 'ops@monozu.example'))
  t.is(decodeJwt(token).platform_admin, undefined)
})

test('the claim alone is not enough, nor is all the rest without the claim', async t => {
  const house = await AccessHouse.open(t, PANEL)
  const { token } = await withBoth(t, house, await somebody(house, 'ops@monozu.example'))
  const { platform_admin, ...without } = decodeJwt(token)
  t.true(platform_admin)
  const unclaimed = await principalOf(house, jwt.sign(without, SECRET_KEY))
  t.is(unclaimed.platformAdmin, undefined)
  const session = await house.as(await somebody(house, 'one@monozu.example'))
  const claimed = await principalOf(house, jwt.sign({ ...decodeJwt(session.token), platform_admin: true }, SECRET_KEY))
  t.is(claimed.platformAdmin, undefined, 'this session has one factor')
})

test('who switches the second factor off is none any more, at once', async t => {
  const house = await AccessHouse.open(t, PANEL)
  const { token, app } = await withBoth(t, house, await somebody(house, 'ops@monozu.example'))
  const headers = { authorization: `Bearer ${token}` }
  t.true((await principalOf(house, token)).platformAdmin)
  const body = { totp_code: await app.code(1) }
  t.is((await house.send('POST', '/api/v1/auth/mfa/disable', { body, headers })).status, 204)
  t.is((await principalOf(house, token)).platformAdmin, undefined)
})

test('the domain is the part behind the last @, in any case', t => {
  const operators = new Operators({ ADMIN_PANEL_ENABLED: true, PLATFORM_ADMIN_EMAIL_DOMAIN: 'monozu.example' })
  const person = { email: 'ops@Monozu.Example', email_verified_at: '2026-03-01T12:00:00.000Z', methods: 'fed mfa' }
  t.true(operators.includes(person))
  t.false(operators.includes({ ...person, methods: 'fed' }))
  t.false(operators.includes({ ...person, methods: 'fed nomfa' }))
  t.false(operators.includes({ ...person, email_verified_at: null }))
  t.false(operators.includes({ ...person, email: '"ops@monozu.example"@evil.example' }))
})
