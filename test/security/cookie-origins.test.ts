import test from 'ava'
import { AccessHouse } from '../kernel/access/access-house.ts'
import { AuthenticatorApp, enrol, requireMfa, sessionToken, verify } from '../kernel/access/mfa/authenticator-app.ts'

const FOREIGN = [
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { origin: 'https://cloud.example.evil.example' },
  { origin: 'http://cloud.example' },
  { origin: 'https://cloud.example:8443' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
] as Record<string, string>[]

test('routes that set or use the refresh cookie take no request of another site', async t => {
  const house = await AccessHouse.open(t)
  const { person, app, session } = await enrol(t, house, await house.account())
  const token = await sessionToken(house, person)
  const totp_code = await app.code()
  for (const headers of FOREIGN) {
    for (const answer of [
      await house.login(person.email, undefined, headers),
      await house.refresh(session.cookie, headers),
      await house.send('POST', '/api/v1/auth/logout', { cookie: session.cookie, headers }),
      await verify(house, token, { totp_code }, headers),
    ]) {
      t.is(answer.status, 403, JSON.stringify(headers))
      t.is(answer.body.error, 'origin_not_allowed')
      t.is(answer.headers['set-cookie'], undefined)
    }
  }
  const own = await verify(house, token, { totp_code }, { origin: 'https://cloud.example' })
  t.is(own.status, 200, 'nothing of it was used up')
})

test('nor does the step that sets a second factor up on the way in', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  await requireMfa(house, person)
  const { session_token } = (await house.login(person.email)).body
  const setup = await house.send('POST', '/api/v1/auth/mfa/setup', { body: { session_token } })
  const body = { session_token, totp_code: await new AuthenticatorApp(house, setup.body.secret).code() }
  for (const headers of FOREIGN) {
    const { status } = await house.send('POST', '/api/v1/auth/mfa/enable', { body, headers })
    t.is(status, 403, JSON.stringify(headers))
  }
  t.is((await house.send('POST', '/api/v1/auth/mfa/enable', { body })).status, 200)
})
