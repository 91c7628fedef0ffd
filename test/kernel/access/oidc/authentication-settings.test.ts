import test from 'ava'
import { enrol, sessionToken, verify } from '../mfa/authenticator-app.ts'
import { openHouse, ownProvider, verifyDomain } from './federated-house.ts'

const PATH = '/api/v1/settings/authentication'
const ISSUER = 'http://127.0.0.1:1'

test('the settings are read and changed, with a revision', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const admin = await house.as(person)
  const before = await admin.send('GET', PATH)
  t.deepEqual(before.body, { auth_policy: 'standard', allowed_email_domains: [], mfa_required: false })
  t.is(before.headers.etag, '"0"')
  const domain = person.email.split('@')[1] as string
  const body = { allowed_email_domains: ['Z.example', domain, domain], mfa_required: true }
  const changed = await admin.send('PATCH', PATH, { body, headers: { 'if-match': '"0"' } })
  t.is(changed.status, 200)
  const expected = [domain, 'z.example'].sort()
  t.deepEqual(changed.body, { auth_policy: 'standard', allowed_email_domains: expected, mfa_required: true })
  t.is(changed.headers.etag, '"1"')
  t.is((await admin.send('PATCH', PATH, { body, headers: { 'if-match': '"0"' } })).status, 412)
  const again = await admin.send('PATCH', PATH, { body: { mfa_required: false }, headers: { 'if-match': '"1"' } })
  t.is(again.headers.etag, '"2"')
  const [tenant] = await house.database.table('tenants').where('id', person.tenantId)
  t.false(Boolean(tenant.mfa_required))
  const lines = await house.database.table('audit_logs').where('action', 'authentication.updated')
  t.is(lines.length, 2)
})

test('a policy that lets nobody in is refused', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const admin = await house.as(person)
  const restrict = () => admin.send('PATCH', PATH, { body: { auth_policy: 'restricted' } })
  t.is((await restrict()).status, 409, 'no provider')
  await ownProvider(house, person, { issuer: ISSUER })
  t.is((await restrict()).status, 409, 'no domain that leads to it')
  await verifyDomain(house, person, 'corp.example')
  t.is((await restrict()).status, 409, 'a domain of which no Admin has an address')
  await house.database.table('email_domains').update({ domain: person.email.split('@')[1] })
  const outside = { allowed_email_domains: ['elsewhere.example'] }
  t.is((await admin.send('PATCH', PATH, { body: outside })).status, 409, 'no Admin of these domains')
  t.is((await restrict()).status, 200)
  t.is((await admin.send('GET', PATH)).body.auth_policy, 'restricted')

  t.is((await admin.send('DELETE', '/api/v1/settings/oidc')).status, 409)
  const [{ id }] = await house.database.table('email_domains')
  t.is((await admin.send('DELETE', `/api/v1/settings/email-domains/${id}`)).status, 409)
  const off = { provider: 'oidc', issuer: ISSUER, client_id: 'monozu', enabled: false }
  t.is((await admin.send('PUT', '/api/v1/settings/oidc', { body: off })).status, 409)
  t.is((await house.database.table('tenant_oidc_config').where('enabled', true)).length, 1)
})

test('two changes at once that lock everybody out only together: one of them is refused', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const admin = await house.as(person)
  await ownProvider(house, person, { issuer: ISSUER })
  await verifyDomain(house, person, person.email.split('@')[1] as string)
  const answers = await Promise.all([
    admin.send('PATCH', PATH, { body: { auth_policy: 'restricted' } }),
    admin.send('DELETE', '/api/v1/settings/oidc'),
  ])
  const refused = answers.filter(({ status }) => status === 409)
  t.is(refused.length, 1, answers.map(({ status }) => status).join())
})

test("where the platform's provider is there, it is a way in", async t => {
  const house = await openHouse(t, ISSUER)
  const admin = await house.as(await house.account())
  t.is((await admin.send('PATCH', PATH, { body: { auth_policy: 'restricted' } })).status, 200)
})

test('without passwords the sessions end that began with one, except the own', async t => {
  const house = await openHouse(t, ISSUER)
  const [person, other] = [await house.account(), await house.account()]
  const admin = await house.as(person)
  const colleague = await house.as(await house.colleague(person, 'Cleo'))
  const federated = await house.as(await house.colleague(person, 'Fay'))
  const elsewhere = await house.as(other)
  const { body: fay } = await federated.send('GET', '/api/v1/me')
  await house.database.table('refresh_tokens').where('user_id', fay.id).update({ methods: 'fed' })
  await admin.send('PATCH', PATH, { body: { auth_policy: 'restricted' } })
  t.is((await admin.send('GET', '/api/v1/me')).status, 200)
  t.is((await federated.send('GET', '/api/v1/me')).status, 200)
  t.is((await elsewhere.send('GET', '/api/v1/me')).status, 200)
  t.is((await colleague.send('GET', '/api/v1/me')).status, 401)
  t.is((await house.refresh(colleague.cookie)).status, 401)
})

test('when a second factor is asked for, sessions end that began with a password alone, except the own', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const admin = await house.as(person)
  const colleague = await house.as(await house.colleague(person, 'Cleo'))
  const { session: careful } = await enrol(t, house, await house.colleague(person, 'Cara'))
  await admin.send('PATCH', PATH, { body: { mfa_required: true } })
  t.is((await admin.send('GET', '/api/v1/me')).status, 200)
  t.is((await careful.send('GET', '/api/v1/me')).status, 200)
  t.is((await colleague.send('GET', '/api/v1/me')).status, 401)
  t.is((await house.refresh(colleague.cookie)).status, 401)
})

test('a list of domains ends the sessions of those who have an address of another one, except the own', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const admin = await house.as(person)
  const colleague = await house.as(await house.colleague(person, 'Cleo'))
  const domain = person.email.split('@')[1]
  const set = (...allowed_email_domains: unknown[]) => admin.send('PATCH', PATH, { body: { allowed_email_domains } })
  await set(domain, 'colleague.example')
  t.is((await colleague.send('GET', '/api/v1/me')).status, 200)
  await set(domain)
  t.is((await colleague.send('GET', '/api/v1/me')).status, 401)
  t.is((await house.refresh(colleague.cookie)).status, 401)
  t.is((await admin.send('GET', '/api/v1/me')).status, 200)
})

test('a log-in that waits for its code does not outlive the end of passwords', async t => {
  const house = await openHouse(t, ISSUER)
  const person = await house.account()
  const admin = await house.as(person)
  const { person: cara, app } = await enrol(t, house, await house.colleague(person, 'Cara'))
  const waiting = await sessionToken(house, cara)
  await admin.send('PATCH', PATH, { body: { auth_policy: 'restricted' } })
  t.is((await verify(house, waiting, { totp_code: await app.code() })).body.error, 'invalid_token')
})

test('changing needs settings:manage, and one tenant changes nothing for another', async t => {
  const house = await openHouse(t, ISSUER)
  const [person, other] = [await house.account(), await house.account()]
  const admin = await house.as(person)
  const stranger = await house.as(other)
  const reader = await house.as(await house.colleague(person, 'Rea', [await admin.groupId('Read only')]))
  t.is((await reader.send('GET', PATH)).status, 200)
  t.is((await reader.send('PATCH', PATH, { body: { mfa_required: true } })).status, 403)
  await stranger.send('PATCH', PATH, { body: { auth_policy: 'restricted', mfa_required: true } })
  t.deepEqual((await admin.send('GET', PATH)).body, {
    auth_policy: 'standard',
    allowed_email_domains: [],
    mfa_required: false,
  })
  for (const body of [{}, { auth_policy: 'none' }, { allowed_email_domains: ['x y'] }, { unknown: 1 }]) {
    t.is((await admin.send('PATCH', PATH, { body })).status, 422, JSON.stringify(body))
  }
})
