import { createHash } from 'node:crypto'
import test from 'ava'
import { newId } from '../../../../kernel/data/id.ts'
import { browserAt, emailsOf, openHouse, outcome, verifyDomain, whoIs } from './federated-house.ts'
import { startProvider } from './identity-provider.ts'

const LOGIN = '/api/v1/auth/microsoft/login'

test('a user with a verified address signs in, and stays signed in by the cookie', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const ada = await house.account()
  provider.accounts.ada = { email: ada.email.toUpperCase(), email_verified: true, name: 'Ada' }
  const browser = browserAt(house)
  const end = outcome(await browser.signIn(`${LOGIN}?return_to=/incidents%3Fopen%3D1`, 'ada'))
  t.deepEqual(Object.keys(end).sort(), ['return_to', 'token'])
  t.is(end.return_to, '/incidents?open=1')
  const me = await whoIs(house, end.token)
  t.is(me.id, ada.userId)
  const refresh = browser.apiCookies.get('refresh_token')
  t.is((await house.refresh(refresh)).status, 200)
  t.deepEqual([...browser.apiCookies.keys()], ['refresh_token'], 'the cookie of the flow is gone')
  const actions: { action: string }[] = await house.database
    .table('audit_logs')
    .where('user_id', ada.userId)
    .orderBy('id')
    .select('action')
  t.true(actions.some(({ action }) => action === 'session.started'))
  t.true(actions.some(({ action }) => action === 'user.identity_linked'))
})

test('PKCE, state and nonce go along; the cookie of the flow is out of reach of scripts and other sites', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer, { API_PUBLIC_URL: 'https://api.cloud.example' })
  const { status, headers } = await browserAt(house).api(`${LOGIN}?email=ada@acme.example`)
  t.is(status, 302)
  const sent = new URL(headers.location as string).searchParams
  t.is(sent.get('code_challenge_method'), 'S256')
  t.is(sent.get('code_challenge')?.length, 43)
  t.true((sent.get('state') ?? '').length >= 43)
  t.true((sent.get('nonce') ?? '').length >= 43)
  t.is(sent.get('response_type'), 'code')
  t.is(sent.get('scope'), 'openid profile email')
  t.is(sent.get('login_hint'), 'ada@acme.example')
  t.is(sent.get('redirect_uri'), 'https://api.cloud.example/api/v1/auth/microsoft/callback')
  const [cookie = ''] = [headers['set-cookie'] ?? []].flat()
  t.regex(cookie, /^__Host-sign_in_[0-9a-f]{20}=v1\./)
  for (const attribute of ['Path=/', 'HttpOnly', 'SameSite=Lax', 'Secure', 'Max-Age=600']) {
    t.true(cookie.split('; ').includes(attribute), attribute)
  }
  for (const secret of ['state', 'nonce']) t.false(cookie.includes(sent.get(secret) as string), secret)
})

test('a new user joins the tenant that has verified their domain, without groups, once', async t => {
  const provider = await startProvider(t, {
    eve: { email: 'eve@corp.example', email_verified: true, name: 'Eve \n of  Corp' },
  })
  const house = await openHouse(t, provider.issuer)
  const [a, b] = [await house.account(), await house.account()]
  await verifyDomain(house, a, 'corp.example')
  const end = outcome(await browserAt(house).signIn(LOGIN, 'eve'))
  const me = await whoIs(house, end.token)
  t.is(me.email, 'eve@corp.example')
  t.is(me.name, 'Eve of Corp')
  t.is(me.tenant.id, a.tenantId)
  t.deepEqual(me.groups, [])
  t.deepEqual(me.permissions, [])
  t.deepEqual(await emailsOf(house, b), [b.email])
  const [row] = await house.database.table('users').where('email', 'eve@corp.example')
  t.truthy(row.email_verified_at)
  t.is(row.password_hash, null)
  t.is((await house.login('eve@corp.example', 'any password at all')).status, 401)
  const [created] = await house.database.table('audit_logs').where({ action: 'user.created' })
  t.is(created.resource_id, me.id)
  t.is(created.tenant_id, a.tenantId)

  const again = outcome(await browserAt(house).signIn(LOGIN, 'eve'))
  t.is((await whoIs(house, again.token)).id, me.id)
  t.is((await house.database.table('user_identities').where('user_id', me.id)).length, 1)
})

test('the standard keeps claims out of the ID token: they are read from the user info', async t => {
  const provider = await startProvider(t, {}, { thinTokens: true })
  const house = await openHouse(t, provider.issuer)
  const ada = await house.account()
  provider.accounts.ada = { email: ada.email, email_verified: true }
  const end = outcome(await browserAt(house).signIn(LOGIN, 'ada'))
  t.is((await whoIs(house, end.token)).id, ada.userId)
})

test('nobody comes in by an address that was not verified, that is missing, or that no tenant has', async t => {
  const provider = await startProvider(t, { none: {}, free: { email: 'x@nobody.example', email_verified: true } })
  const house = await openHouse(t, provider.issuer)
  const ada = await house.account()
  provider.accounts.claimed = { email: ada.email }
  provider.accounts.denied = { email: ada.email, email_verified: false }
  provider.accounts.text = { email: ada.email, email_verified: 'maybe' }
  for (const login of ['none', 'free', 'claimed', 'denied', 'text']) {
    t.deepEqual(outcome(await browserAt(house).signIn(LOGIN, login)), { error: 'no_tenant' }, login)
  }
  t.deepEqual(await emailsOf(house, ada), [ada.email])
})

test('an identity stays with its user, whatever address it comes with later', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const [ada, bob] = [await house.account(), await house.account()]
  provider.accounts.ada = { email: ada.email, email_verified: true }
  await browserAt(house).signIn(LOGIN, 'ada')
  provider.accounts.ada = { email: bob.email, email_verified: true }
  const end = outcome(await browserAt(house).signIn(LOGIN, 'ada'))
  t.is((await whoIs(house, end.token)).id, ada.userId)
})

test('an address that was given to somebody else does not bring the account along', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const ada = await house.account()
  provider.accounts.ada = { email: ada.email, email_verified: true }
  await browserAt(house).signIn(LOGIN, 'ada')
  provider.accounts.successor = { email: ada.email, email_verified: true }
  t.deepEqual(outcome(await browserAt(house).signIn(LOGIN, 'successor')), { error: 'sign_in_failed' })
  const [row] = await house.database.table('audit_logs').where({ action: 'sign_in.failed' })
  t.is(row.tenant_id, ada.tenantId)
})

test('whoever registered with an address of others loses it to its owner', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const squatted = await house.account()
  const squatter = await house.as(squatted)
  provider.accounts.owner = { email: squatted.email, email_verified: true }
  const end = outcome(await browserAt(house).signIn(LOGIN, 'owner'))
  t.is((await whoIs(house, end.token)).id, squatted.userId)
  t.is((await squatter.send('GET', '/api/v1/me')).status, 401)
  t.is((await house.refresh(squatter.cookie)).status, 401)
  t.is((await house.login(squatted.email)).status, 401)
})

test('a password that goes with a verified address stays', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const ada = await house.account()
  await house.database.table('users').where('id', ada.userId).update({ email_verified_at: house.clock.now() })
  provider.accounts.ada = { email: ada.email, email_verified: true }
  t.truthy(outcome(await browserAt(house).signIn(LOGIN, 'ada')).token)
  t.is((await house.login(ada.email)).status, 200)
})

test('deactivated users and tenants without a licence stay outside, and nothing is made for them', async t => {
  const provider = await startProvider(t, { new: { email: 'new@pending.example', email_verified: true } })
  const house = await openHouse(t, provider.issuer)
  const ada = await house.account()
  provider.accounts.ada = { email: ada.email, email_verified: true }
  await browserAt(house).signIn(LOGIN, 'ada')
  await house.database.table('users').where('id', ada.userId).update({ active: false })
  t.deepEqual(outcome(await browserAt(house).signIn(LOGIN, 'ada')), { error: 'sign_in_failed' })
  const pending = await house.register()
  await verifyDomain(house, pending, 'pending.example')
  t.deepEqual(outcome(await browserAt(house).signIn(LOGIN, 'new')), { error: 'tenant_pending' })
  t.deepEqual(await emailsOf(house, pending), [pending.email])
})

test('two first sign-ins at once make one user', async t => {
  const provider = await startProvider(t, { eve: { email: 'eve@corp.example', email_verified: true } })
  const house = await openHouse(t, provider.issuer)
  const a = await house.account()
  await verifyDomain(house, a, 'corp.example')
  const ends = await Promise.all([1, 2, 3].map(() => browserAt(house).signIn(LOGIN, 'eve')))
  const ids = await Promise.all(ends.map(async end => (await whoIs(house, outcome(end).token)).id))
  t.is(new Set(ids).size, 1)
  t.deepEqual(await emailsOf(house, a), [a.email, 'eve@corp.example'].sort())
  t.is((await house.database.table('user_identities').where('user_id', ids[0])).length, 1)
})

test('who has a second factor here is asked for it, when there was none there', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const ada = await house.account()
  const confirmed = { mfa_enabled: true, email_verified_at: house.clock.now() }
  await house.database.table('users').where('id', ada.userId).update(confirmed)
  provider.accounts.ada = { email: ada.email, email_verified: true }
  const asked = outcome(await browserAt(house).signIn(`${LOGIN}?return_to=/x`, 'ada'))
  t.deepEqual(Object.keys(asked).sort(), ['mfa_required', 'return_to', 'session_token'])
  t.is(asked.mfa_required, 'true')
})

test('without a provider there is nothing to sign in with', async t => {
  const house = await openHouse(t)
  const { status, body } = await house.send('GET', LOGIN)
  t.is(status, 404)
  t.is(body.error, 'not_found')
  const domain = await house.send('GET', '/api/v1/auth/oidc/login?email=x@nobody.example')
  t.is(domain.status, 403)
  t.is(domain.body.error, 'no_tenant')
})

test('subjects that differ by case are different people', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const [ada, bob] = [await house.account(), await house.account()]
  provider.accounts.subject = { email: ada.email, email_verified: true }
  t.truthy(outcome(await browserAt(house).signIn(LOGIN, 'subject')).token)
  provider.accounts.SUBJECT = { email: bob.email, email_verified: true }
  const { token } = outcome(await browserAt(house).signIn(LOGIN, 'SUBJECT'))
  if (token !== undefined) t.is((await whoIs(house, token)).id, bob.userId)
  else t.is(house.kernel.runtime.database.dialect.name, 'mssql', 'refused where the database cannot tell them apart')
})

test('who was invited signs in instead of choosing a password', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const [a, b] = [await house.account(), await house.account()]
  const group_id = await (await house.as(a)).groupId('Read only')
  const token = 'a-token-of-an-invitation'
  const invite = async (email: string) => {
    const now = house.clock.now()
    await house.database
      .forTenant(a.tenantId)
      .table('invitations')
      .insert({
        id: newId(),
        email,
        email_key: email,
        name: 'Invited',
        group_ids: JSON.stringify([group_id]),
        token_hash: createHash('sha256')
          .update(email === 'guest@free.example' ? token : email)
          .digest('hex'),
        invited_by: a.userId,
        expires_at: new Date(now.getTime() + 60_000),
        created_at: now,
      })
  }
  await invite('guest@free.example')
  const verified = (email: string) => ({ email, email_verified: true })
  Object.assign(provider.accounts, { guest: verified('guest@free.example'), mal: verified('mal@free.example') })
  const link = `${LOGIN}?invitation_token=${token}`
  t.deepEqual(outcome(await browserAt(house).signIn(LOGIN, 'guest')), { error: 'no_tenant' }, 'not without the link')
  t.deepEqual(outcome(await browserAt(house).signIn(link, 'mal')), { error: 'no_tenant' }, 'not for another address')
  const guest = await whoIs(house, outcome(await browserAt(house).signIn(link, 'guest')).token)
  t.is(guest.tenant.id, a.tenantId)
  t.is(guest.name, 'Invited')
  t.deepEqual(guest.groups, [{ id: group_id, name: 'Read only' }])
  t.truthy((await house.database.table('invitations'))[0].accepted_at)

  await verifyDomain(house, a, 'corp.example')
  await verifyDomain(house, b, 'other.example')
  await invite('eve@corp.example')
  await invite('eve@other.example')
  Object.assign(provider.accounts, { own: verified('eve@corp.example'), other: verified('eve@other.example') })
  const own = await whoIs(house, outcome(await browserAt(house).signIn(LOGIN, 'own')).token)
  t.deepEqual([own.tenant.id, own.groups.length], [a.tenantId, 1], 'in their own account the link is not needed')
  const other = await whoIs(house, outcome(await browserAt(house).signIn(LOGIN, 'other')).token)
  t.deepEqual([other.tenant.id, other.groups.length], [b.tenantId, 0], 'nobody is drawn into another account')
})
