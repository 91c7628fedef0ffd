import test from 'ava'
import { AccessHouse } from '../access-house.ts'
import { auditOf, enrol, mailsTo, sessionToken, verify, wrongCode } from './authenticator-app.ts'

test('a recovery code logs in once, and its user is told', async t => {
  const house = await AccessHouse.open(t)
  const { person, recoveryCodes, session } = await enrol(t, house, await house.account())
  const [code = ''] = recoveryCodes
  t.is((await verify(house, await sessionToken(house, person), { recovery_code: code })).status, 200)
  const again = await verify(house, await sessionToken(house, person), { recovery_code: code })
  t.is(again.status, 401)
  t.is(again.body.error, 'invalid_code')
  t.is((await session.send('GET', '/api/v1/me/mfa')).body.recovery_codes_left, 9)
  t.deepEqual(await mailsTo(house, person), ['Your second factor is on', 'A recovery code was used'])
  t.deepEqual(await auditOf(house, person), ['mfa.enabled', 'mfa.code_refused'])
})

test('it is read as it was written down: case, hyphens and look-alikes do not matter', async t => {
  const house = await AccessHouse.open(t)
  const { person, recoveryCodes } = await enrol(t, house, await house.account())
  const [code = ''] = recoveryCodes
  const typed = code.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'l')
  t.is((await verify(house, await sessionToken(house, person), { recovery_code: typed })).status, 200)
})

test('new ones need a code of the app, and end the ones before', async t => {
  const house = await AccessHouse.open(t)
  const { person, app, recoveryCodes, session } = await enrol(t, house, await house.account())
  const make = (totp_code: string) => session.send('POST', '/api/v1/auth/mfa/recovery-codes', { body: { totp_code } })
  t.is((await make(await wrongCode(app))).body.error, 'invalid_code')
  const made = await make(await app.code())
  t.is(made.status, 200)
  t.is(made.body.recovery_codes.length, 10)
  t.is((await make(await app.code())).body.error, 'invalid_code', 'the code was used')
  const token = await sessionToken(house, person)
  t.is((await verify(house, token, { recovery_code: recoveryCodes[1] as string })).body.error, 'invalid_code')
  t.is((await verify(house, token, { recovery_code: made.body.recovery_codes[1] })).status, 200)
  t.true((await mailsTo(house, person)).includes('You have new recovery codes'))
  t.true((await auditOf(house, person)).includes('mfa.recovery_codes_made'))
})

test('without a second factor there are none to be had', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const { status, body } = await session.send('POST', '/api/v1/auth/mfa/recovery-codes', {
    body: { totp_code: '123456' },
  })
  t.is(status, 401)
  t.is(body.error, 'invalid_code')
})
