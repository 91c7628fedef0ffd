import test from 'ava'
import { PASSWORD } from '../access-house.ts'
import { actions, mailsTo, openHouse, settled, tokenTo } from './mailbox.ts'

const registration = (email: string, account_name: string) => ({
  account_name,
  tenant_name: 'Beta',
  name: 'Bea',
  email,
  password: PASSWORD,
})

test.serial('who registers gets a link that shows that the address is theirs', async t => {
  const house = await openHouse(t)
  const email = 'bea@beta.example'
  const { body } = await house.send('POST', '/api/v1/auth/register', { body: registration(email, 'beta') })
  await house.license(body.tenant_id)
  const session = await house.as({ email })
  t.false((await session.send('GET', '/api/v1/me')).body.email_verified)

  const token = await tokenTo(house, email, 'verify-email')
  const verify = (sent: string) =>
    house.send('POST', '/api/v1/auth/email/verify', { body: { token: sent, password: PASSWORD } })
  const other = { token, password: 'of whoever reads the mail' }
  t.is(
    (await house.send('POST', '/api/v1/auth/email/verify', { body: other })).status,
    403,
    'the link alone is not enough',
  )
  t.is((await verify(token)).status, 204)
  t.true((await session.send('GET', '/api/v1/me')).body.email_verified)
  t.is((await verify(token)).status, 401, 'it works once')
  t.is((await verify('x'.repeat(43))).body.error, 'invalid_token')
  t.deepEqual((await actions(house, body.tenant_id)).filter(action => action !== 'session.started').slice(0, 1), [
    'tenant.registered',
  ])
  t.true((await actions(house, body.tenant_id)).includes('user.email_verified'))
})

test.serial('the link can be asked for again, three times an hour, and not once it is known', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const session = await house.as(person)
  for (let n = 0; n < 4; n++) {
    t.is((await session.send('POST', '/api/v1/me/email/verify')).status, 202)
    await settled(house)
  }
  t.is((await mailsTo(house, person.email)).length, 3)
  const token = await tokenTo(house, person.email, 'verify-email')
  t.is((await house.send('POST', '/api/v1/auth/email/verify', { body: { token, password: PASSWORD } })).status, 204)
  house.clock.forward(3_700_000)
  const later = await house.as(person)
  t.is((await later.send('POST', '/api/v1/me/email/verify')).status, 202)
  t.is((await mailsTo(house, person.email)).length, 3)
})

test.serial('with a taken address the answer is the same, nothing is made, and its owner gets a mail', async t => {
  const house = await openHouse(t)
  const { email, tenantId } = await house.account()
  const before = await house.database.table('tenants').select('id')
  const sent = registration(email.toUpperCase(), 'taken-address')
  const { status, body } = await house.send('POST', '/api/v1/auth/register', { body: sent })
  t.is(status, 201)
  t.is(body.status, 'pending')
  t.regex(body.tenant_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/)
  t.regex(body.user_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/)
  t.is((await house.database.table('tenants').select('id')).length, before.length)
  t.deepEqual(await house.database.table('users').where('email', 'like', '%taken.invalid'), [])
  const mails = await mailsTo(house, email)
  t.deepEqual(
    mails.map(({ subject }) => subject),
    ['You have an account already'],
  )
  t.is((await house.login(email)).status, 200, 'the account is as it was')
  t.false((await actions(house, tenantId)).includes('tenant.registered'))
})

test.serial('account names are public', async t => {
  const house = await openHouse(t)
  const { email } = await house.account()
  await house.send('POST', '/api/v1/auth/register', { body: registration('one@beta.example', 'beta') })
  for (const address of [email, 'two@beta.example']) {
    const { status, body } = await house.send('POST', '/api/v1/auth/register', { body: registration(address, 'beta') })
    t.is(status, 409)
    t.regex(body.detail, /"beta" is taken/)
  }
})

test.serial(
  'of two who register an address in the same moment, both get the same answer, and one gets the account',
  async t => {
    const house = await openHouse(t)
    const email = 'race@beta.example'
    const answers = await Promise.all(
      ['race-one', 'race-two', 'race-three'].map(name =>
        house.send('POST', '/api/v1/auth/register', { body: registration(email, name) }),
      ),
    )
    t.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 201],
    )
    t.is((await house.database.table('users').where('email_key', email)).length, 1)
    t.is((await house.database.table('tenants').where('account_name', 'like', 'race-%')).length, 1)
  },
)

test.serial('names that would make lines or links of their own do not get into mails so', async t => {
  const house = await openHouse(t)
  const bad = { ...registration('x@beta.example', 'lines'), tenant_name: 'A\r\nBcc: x@evil.example' }
  t.is((await house.send('POST', '/api/v1/auth/register', { body: bad })).body.errors[0].path, 'body.tenant_name')

  const sly = {
    ...registration('sly@beta.example', 'sly'),
    tenant_name: 'Win at https://evil.example',
    name: 'evil.example',
  }
  const { body } = await house.send('POST', '/api/v1/auth/register', { body: sly })
  await house.license(body.tenant_id)
  const session = await house.as({ email: 'sly@beta.example' })
  await session.send('POST', '/api/v1/users/invite', { body: { email: 'victim@guest.example' } })
  const [mail] = await mailsTo(house, 'victim@guest.example')
  t.false(`${mail?.subject} ${mail?.text} ${mail?.html}`.includes('evil.example'))
})
