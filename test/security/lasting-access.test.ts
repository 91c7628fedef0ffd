import test from 'ava'
import { AccessHouse, PASSWORD } from '../kernel/access/access-house.ts'
import { openHouse, tokenTo } from '../kernel/access/account/mailbox.ts'

const NEW = 'a quiet heron on the ledge'

test.serial('a wish for another address that somebody made who knew the password dies with the password', async t => {
  const house = await openHouse(t)
  const victim = await house.account()
  const thief = await house.as(victim)
  await thief.send('POST', '/api/v1/me/email', { body: { new_email: 'thief@evil.example', password: PASSWORD } })
  const token = await tokenTo(house, 'thief@evil.example', 'confirm-email')
  const owner = await house.as(victim)
  const body = { current_password: PASSWORD, new_password: NEW }
  t.is((await owner.send('POST', '/api/v1/me/password', { body })).status, 204)
  const confirmed = await house.send('POST', '/api/v1/auth/email/confirm', { body: { token, password: NEW } })
  t.is(confirmed.body.error, 'invalid_token')
})

test.serial('links of somebody who was deactivated stay dead when they are active again', async t => {
  const house = await openHouse(t)
  const ada = await house.account()
  const bob = await house.colleague(ada, 'Bob')
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: bob.email } })
  const token = await tokenTo(house, bob.email, 'reset-password')
  const admin = await house.as(ada)
  for (const active of [false, true]) {
    t.is((await admin.send('PATCH', `/api/v1/users/${bob.userId}`, { body: { active } })).status, 200)
  }
  const reset = await house.send('POST', '/api/v1/auth/password/reset', { body: { token, password: NEW } })
  t.is(reset.body.error, 'invalid_token')
})

test('the last Admin who may log in by the e-mail domains of the account stays', async t => {
  const house = await AccessHouse.open(t)
  const ada = await house.account()
  const admin = await house.as(ada)
  const group = await admin.groupId('Admin')
  const cleo = await house.colleague(ada, 'Cleo', [group])
  const allowed_email_domains = [ada.email.split('@')[1]]
  const policy = await admin.send('PATCH', '/api/v1/settings/authentication', { body: { allowed_email_domains } })
  t.is(policy.status, 200)
  const attempts = [
    await admin.send('PATCH', `/api/v1/users/${ada.userId}`, { body: { active: false } }),
    await admin.send('PUT', `/api/v1/groups/${group}/members`, { body: { user_ids: [cleo.userId] } }),
  ]
  t.deepEqual(
    attempts.map(({ status }) => status),
    [409, 409],
  )
  t.is((await admin.send('PATCH', `/api/v1/users/${cleo.userId}`, { body: { active: false } })).status, 200)
})
