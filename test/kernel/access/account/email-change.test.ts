import test from 'ava'
import { PASSWORD } from '../access-house.ts'
import { actions, mailsTo, openHouse, settled, tokenTo } from './mailbox.ts'

const NEW = 'ada@new.example'
const DAY = 86_400_000

test.serial(
  'an address changes once its owner has opened the link; other sessions end, and the address before is told',
  async t => {
    const house = await openHouse(t)
    const person = await house.account()
    const [here, there] = [await house.as(person), await house.as(person)]
    const asked = await here.send('POST', '/api/v1/me/email', { body: { new_email: NEW, password: PASSWORD } })
    t.is(asked.status, 202)
    const token = await tokenTo(house, NEW, 'confirm-email')
    t.is((await here.send('GET', '/api/v1/me')).body.email, person.email, 'not yet')

    const reader = await house.send('POST', '/api/v1/auth/email/confirm', {
      body: { token, password: 'of whoever reads it' },
    })
    t.is(`${reader.status} ${reader.body.error}`, '403 forbidden', 'the link alone is not enough')
    const confirmed = await house.send('POST', '/api/v1/auth/email/confirm', { body: { token, password: PASSWORD } })
    t.is(confirmed.status, 204, JSON.stringify(confirmed.body))
    t.like((await here.send('GET', '/api/v1/me')).body, { email: NEW, email_verified: true })
    t.is((await there.send('GET', '/api/v1/me')).status, 401)
    t.is((await house.login(person.email)).status, 401)
    t.is((await house.login(NEW)).status, 200)
    const told = (await mailsTo(house, person.email)).map(({ subject }) => subject).sort()
    t.deepEqual(told, ['Your e-mail address is about to change', 'Your e-mail address was changed'])
    const log = await actions(house, person.tenantId)
    t.true(log.includes('user.email_change_asked') && log.includes('user.email_changed'))
    t.is(
      (await house.send('POST', '/api/v1/auth/email/confirm', { body: { token, password: PASSWORD } })).status,
      401,
      'it works once',
    )
  },
)

test.serial('a taken address is not told from a free one; only its owner learns of it', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const other = await house.account()
  const session = await house.as(person)
  const taken = await session.send('POST', '/api/v1/me/email', { body: { new_email: other.email, password: PASSWORD } })
  const free = await session.send('POST', '/api/v1/me/email', { body: { new_email: NEW, password: PASSWORD } })
  t.deepEqual([taken.status, taken.body], [free.status, free.body])
  t.is(taken.status, 202)
  t.deepEqual(
    (await mailsTo(house, other.email)).map(({ subject }) => subject),
    ['You have an account already'],
  )
  t.is((await mailsTo(house, person.email)).length, 2, 'the asker is told the same both times')
})

test.serial('the password is asked for, guessing it is slowed down, and the present address is no new one', async t => {
  const house = await openHouse(t)
  const session = await house.as(await house.account())
  const ask = (new_email: string, password: string) =>
    session.send('POST', '/api/v1/me/email', { body: { new_email, password } })
  const { body: me } = await session.send('GET', '/api/v1/me')
  t.is((await ask(me.email.toUpperCase(), PASSWORD)).status, 422)
  t.is((await ask('no address', PASSWORD)).status, 422)
  const statuses: number[] = []
  for (let n = 0; n < 8; n++) statuses.push((await ask(NEW, 'wrong')).status)
  t.is(statuses[0], 403)
  t.is(statuses.at(-1), 429)
})

test.serial('the link is good for a day; a newer wish, and a new password, make it worthless', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const ask = async (new_email: string) => {
    const session = await house.as(person)
    await session.send('POST', '/api/v1/me/email', { body: { new_email, password: PASSWORD } })
    return tokenTo(house, new_email, 'confirm-email')
  }
  const confirm = async (token: string) =>
    (await house.send('POST', '/api/v1/auth/email/confirm', { body: { token, password: PASSWORD } })).status
  const first = await ask(NEW)
  const second = await ask('second@new.example')
  t.is(await confirm(first), 401)
  house.clock.forward(DAY + 1000)
  t.is(await confirm(second), 401)

  const third = await ask('third@new.example')
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: person.email } })
  const token = await tokenTo(house, person.email, 'reset-password')
  await house.send('POST', '/api/v1/auth/password/reset', { body: { token, password: 'a quiet heron on the ledge' } })
  t.is(await confirm(third), 401)
})

test.serial('links that were sent to the address before die with it', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const session = await house.as(person)
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: person.email } })
  const reset = await tokenTo(house, person.email, 'reset-password')
  await session.send('POST', '/api/v1/me/email', { body: { new_email: NEW, password: PASSWORD } })
  const token = await tokenTo(house, NEW, 'confirm-email')
  t.is((await house.send('POST', '/api/v1/auth/email/confirm', { body: { token, password: PASSWORD } })).status, 204)
  const body = { token: reset, password: 'a quiet heron on the ledge' }
  t.is((await house.send('POST', '/api/v1/auth/password/reset', { body })).status, 401)
})

test.serial('an address that somebody took meanwhile is a conflict, and the account stays as it was', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const session = await house.as(person)
  await session.send('POST', '/api/v1/me/email', { body: { new_email: NEW, password: PASSWORD } })
  const token = await tokenTo(house, NEW, 'confirm-email')
  const registration = { account_name: 'meanwhile', tenant_name: 'M', name: 'M', email: NEW, password: PASSWORD }
  await house.send('POST', '/api/v1/auth/register', { body: registration })
  t.is((await house.send('POST', '/api/v1/auth/email/confirm', { body: { token, password: PASSWORD } })).status, 409)
  t.is((await session.send('GET', '/api/v1/me')).body.email, person.email)
})

test.serial(
  'who has no password here cannot change it, nor can anybody to a domain that the account does not allow',
  async t => {
    const house = await openHouse(t)
    const person = await house.account()
    const session = await house.as(person)
    const updated_at = house.clock.now()
    const settings = house.database.table('tenant_settings')
    await settings.insert({ tenant_id: person.tenantId, allowed_email_domains: '["acme.example"]', updated_at })
    const body = { new_email: NEW, password: PASSWORD }
    t.is((await session.send('POST', '/api/v1/me/email', { body })).body.error, 'auth_policy_restricted')
    await house.database.table('users').where('id', person.userId).update({ password_hash: null })
    const refused = await session.send('POST', '/api/v1/me/email', { body })
    t.is(refused.status, 403)
    t.regex(refused.body.detail, /identity provider/)
    await settled(house)
    t.deepEqual(await mailsTo(house, NEW), [])
  },
)
