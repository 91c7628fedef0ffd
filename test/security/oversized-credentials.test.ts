import test from 'ava'
import { AccessHouse } from '../kernel/access/access-house.ts'

test('headers and cookies beyond any token of ours are refused without looking closer', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const long = 'x'.repeat(8000)
  for (const authorization of [`Bearer ${session.token}${long}`, `Bearer ${long}`, `Bearer ${'a.'.repeat(3000)}`]) {
    const { status, body } = await house.send('GET', '/api/v1/me', { headers: { authorization } })
    t.is(`${status} ${body.error}`, '401 unauthenticated')
  }
  for (const cookie of [`${session.cookie}${long}`, long, 'a.'.repeat(3000)]) {
    const { status, body } = await house.refresh(cookie)
    t.is(`${status} ${body.error}`, '401 unauthenticated')
    t.is((await house.send('POST', '/api/v1/auth/logout', { cookie })).status, 204, 'logging out never fails')
  }
  t.is((await house.refresh(session.cookie)).status, 200)
})

test('nor are long codes, tokens and passwords', async t => {
  const house = await AccessHouse.open(t)
  const long = 'x'.repeat(5000)
  for (const [url, body] of [
    ['/api/v1/auth/login', { email: 'ada@acme.example', password: long }],
    ['/api/v1/auth/login', { email: `${long}@acme.example`, password: 'x' }],
    ['/api/v1/auth/mfa/verify', { session_token: long, totp_code: '123456' }],
    ['/api/v1/auth/mfa/verify', { session_token: 'x', totp_code: '1'.repeat(5000) }],
    ['/api/v1/auth/mfa/verify', { session_token: 'x', recovery_code: long }],
    ['/api/v1/auth/mfa/enable', { session_token: long, totp_code: '123456' }],
  ] as const) {
    t.is((await house.send('POST', url, { body })).status, 422, url)
  }
})
