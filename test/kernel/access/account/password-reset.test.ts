import test from 'ava'
import { PASSWORD } from '../access-house.ts'
import { actions, mailsTo, openHouse, settled, tokenTo } from './mailbox.ts'

const NEW = 'a quiet heron on the ledge'
const HOUR = 3_600_000

test.serial('somebody who forgot their password chooses a new one with the link of a mail', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const session = await house.as(person)
  const asked = await house.send('POST', '/api/v1/auth/password/forgot', {
    body: { email: person.email.toUpperCase() },
  })
  t.is(asked.status, 202)
  t.is(asked.body, '')
  const token = await tokenTo(house, person.email, 'reset-password')

  const { status, body, cookie } = await house.send('POST', '/api/v1/auth/password/reset', {
    body: { token, password: NEW },
  })
  t.is(status, 204, JSON.stringify(body))
  t.is(cookie, undefined, 'nobody is logged in by it')
  t.is((await session.send('GET', '/api/v1/me')).status, 401, 'the sessions before have ended')
  t.is((await house.login(person.email)).status, 401)
  t.is((await house.login(person.email, NEW)).status, 200)
  t.true((await actions(house, person.tenantId)).includes('user.password_reset'))
  const [user] = await house.database.table('users').where('id', person.userId).select('email_verified_at')
  t.truthy(user.email_verified_at)
  const subjects = (await mailsTo(house, person.email)).map(({ subject }) => subject)
  t.true(subjects.includes('Your password was changed'))
})

test.serial('a link works once, for an hour, and dies with the next password', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const forgot = () => house.send('POST', '/api/v1/auth/password/forgot', { body: { email: person.email } })
  const reset = (token: string, password = NEW) =>
    house.send('POST', '/api/v1/auth/password/reset', { body: { token, password } })

  await forgot()
  const first = await tokenTo(house, person.email, 'reset-password')
  house.clock.forward(1000)
  await forgot()
  const second = await tokenTo(house, person.email, 'reset-password')
  t.not(first, second)
  t.is((await reset(first, 'short')).status, 422, 'a bad password does not use the link up')
  t.is((await reset(first)).status, 204)
  for (const token of [first, second, 'x'.repeat(43), '']) {
    const { status, body } = await reset(token)
    t.is(status, 401, token)
    t.is(body.error, 'invalid_token')
  }

  house.clock.forward(2 * HOUR)
  await forgot()
  const third = await tokenTo(house, person.email, 'reset-password')
  house.clock.forward(HOUR + 1000)
  t.is((await reset(third)).status, 401, 'an hour is over')
})

test.serial('of two who use a link at once, one gets through', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: person.email } })
  const token = await tokenTo(house, person.email, 'reset-password')
  const answers = await Promise.all(
    [`${NEW} one`, `${NEW} two`, `${NEW} three`].map(password =>
      house.send('POST', '/api/v1/auth/password/reset', { body: { token, password } }),
    ),
  )
  t.deepEqual(answers.map(({ status }) => status).sort(), [204, 401, 401])
})

test.serial('who changes their password makes an open link worthless', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const session = await house.as(person)
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: person.email } })
  const token = await tokenTo(house, person.email, 'reset-password')
  const body = { current_password: PASSWORD, new_password: NEW }
  t.is((await session.send('POST', '/api/v1/me/password', { body })).status, 204)
  const reset = await house.send('POST', '/api/v1/auth/password/reset', { body: { token, password: `${NEW} two` } })
  t.is(reset.status, 401)
})

test.serial('an address gets three mails an hour at most, and who does not exist or is inactive none', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const gone = await house.colleague(person, 'Gone')
  await house.database.table('users').where('id', gone.userId).update({ active: false })
  for (const email of [person.email, person.email, person.email, person.email, gone.email, 'nobody@nowhere.example']) {
    t.is((await house.send('POST', '/api/v1/auth/password/forgot', { body: { email } })).status, 202)
    await settled(house)
  }
  t.is((await mailsTo(house, person.email)).length, 3)
  t.deepEqual(await mailsTo(house, gone.email), [])
  t.deepEqual(await mailsTo(house, 'nobody@nowhere.example'), [])
  house.clock.forward(HOUR + 1000)
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: person.email } })
  t.is((await mailsTo(house, person.email)).length, 4)
})

test.serial('who has no password here, or whose account logs in elsewhere, is told how to log in', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const federated = await house.colleague(person, 'Fed')
  await house.database.table('users').where('id', federated.userId).update({ password_hash: null })
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: federated.email } })
  const [mail] = await mailsTo(house, federated.email)
  t.is(mail?.subject, 'How you log in')
  t.false(mail?.text?.includes('reset-password'))

  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: person.email } })
  const token = await tokenTo(house, person.email, 'reset-password')
  const times = { created_at: house.clock.now(), updated_at: house.clock.now() }
  await house.database
    .table('tenant_settings')
    .insert({ tenant_id: person.tenantId, auth_policy: 'restricted', updated_at: times.updated_at })
  const reset = await house.send('POST', '/api/v1/auth/password/reset', { body: { token, password: NEW } })
  t.is(reset.status, 403)
  t.is(reset.body.error, 'auth_policy_restricted')
  house.clock.forward(1000)
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: person.email } })
  t.is((await mailsTo(house, person.email)).at(-1)?.subject, 'How you log in')
})

test.serial('where the deployment is restricted, both routes are closed', async t => {
  const house = await openHouse(t, {
    AUTH_POLICY: 'restricted',
    AUTH_ALLOWED_EMAIL_DOMAINS: 'acme.example',
    MS_CLIENT_ID: 'id',
    MS_CLIENT_SECRET: 'secret',
  })
  const forgot = await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: 'a@acme.example' } })
  const reset = await house.send('POST', '/api/v1/auth/password/reset', { body: { token: 'x', password: NEW } })
  for (const { status, body } of [forgot, reset]) {
    t.is(status, 403)
    t.is(body.error, 'auth_policy_restricted')
  }
})

test.serial('neither jobs nor the database nor the audit log show the address or the token', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: person.email } })
  const token = await tokenTo(house, person.email, 'reset-password')
  await house.send('POST', '/api/v1/auth/password/reset', { body: { token, password: NEW } })
  await settled(house)
  const runs = JSON.stringify(await house.database.table('job_runs').select('*'))
  t.false(runs.includes(person.email))
  for (const table of ['job_runs', 'one_time_tokens', 'mail_messages', 'audit_logs']) {
    t.false(JSON.stringify(await house.database.table(table).select('*')).includes(token), table)
  }
})
