import test from 'ava'
import { AccessHouse, type Answer } from '../access-house.ts'
import { AuthenticatorApp, enrol, sessionToken, verify, wrongCode } from './authenticator-app.ts'

const statuses = (answers: readonly Answer[]): number[] => answers.map(answer => answer.status).sort()

test('of several requests with one code at the same moment one is let in', async t => {
  const house = await AccessHouse.open(t)
  const { person, app } = await enrol(t, house, await house.account())
  const tokens = await Promise.all([0, 1, 2, 3].map(() => sessionToken(house, person)))
  const totp_code = await app.code()
  const answers = await Promise.all(tokens.map(token => verify(house, token, { totp_code })))
  t.deepEqual(statuses(answers), [200, 401, 401, 401])
})

test('of several requests with one recovery code at the same moment one is let in', async t => {
  const house = await AccessHouse.open(t)
  const { person, recoveryCodes } = await enrol(t, house, await house.account())
  const tokens = await Promise.all([0, 1, 2, 3].map(() => sessionToken(house, person)))
  const recovery_code = recoveryCodes[0] as string
  const answers = await Promise.all(tokens.map(token => verify(house, token, { recovery_code })))
  t.deepEqual(statuses(answers), [200, 401, 401, 401])
})

test('one session token lets one in, also with two right codes at the same moment', async t => {
  const house = await AccessHouse.open(t)
  const { person, app, recoveryCodes } = await enrol(t, house, await house.account())
  const token = await sessionToken(house, person)
  const answers = await Promise.all([
    verify(house, token, { totp_code: await app.code() }),
    verify(house, token, { recovery_code: recoveryCodes[0] as string }),
    verify(house, token, { recovery_code: recoveryCodes[1] as string }),
  ])
  t.deepEqual(statuses(answers), [200, 401, 401])
  const { length } = await house.database
    .table('recovery_codes')
    .where('user_id', person.userId)
    .whereNotNull('used_at')
  t.true(length <= 1, 'who was refused has not used a code up')
})

test('of many wrong codes for one token at the same moment five are looked at', async t => {
  const house = await AccessHouse.open(t)
  const { person, app } = await enrol(t, house, await house.account())
  const token = await sessionToken(house, person)
  const totp_code = await wrongCode(app)
  const answers = await Promise.all(Array.from({ length: 20 }, () => verify(house, token, { totp_code })))
  t.is(answers.filter(answer => answer.body.error === 'invalid_code').length, 5)
  t.is(answers.filter(answer => answer.status === 200).length, 0)
})

test('switched on twice at the same moment, there is one set of recovery codes, and who got it can use it', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const session = await house.as(person)
  const { body } = await session.send('POST', '/api/v1/auth/mfa/setup', { body: {} })
  const totp_code = await new AuthenticatorApp(house, body.secret).code()
  const answers = await Promise.all(
    [0, 1].map(() => session.send('POST', '/api/v1/auth/mfa/enable', { body: { totp_code } })),
  )
  t.deepEqual(statuses(answers), [200, 409])
  t.is((await house.database.table('recovery_codes').where('user_id', person.userId)).length, 10)
  const got = answers.find(answer => answer.status === 200)?.body.recovery_codes
  t.is((await verify(house, await sessionToken(house, person), { recovery_code: got[0] })).status, 200)
})
