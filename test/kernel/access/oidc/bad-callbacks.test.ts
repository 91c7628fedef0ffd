import test, { type ExecutionContext } from 'ava'
import type { AccessHouse, Person } from '../access-house.ts'
import { isCallback } from './browser.ts'
import { browserAt, openHouse, outcome, ownProvider, verifyDomain } from './federated-house.ts'
import { begin, comeBack, ending, HostileProvider } from './hostile-provider.ts'
import { startProvider } from './identity-provider.ts'

const LOGIN = '/api/v1/auth/microsoft/login'
const FAILED = { error: 'sign_in_failed' }

interface Scene {
  readonly house: AccessHouse
  readonly provider: HostileProvider
  readonly ada: Person
}

/** A provider that would give a good token to everybody who brings a code. */
async function scene(t: ExecutionContext): Promise<Scene> {
  const provider = await HostileProvider.start(t)
  const house = await openHouse(t, provider.base)
  return { house, provider, ada: await house.account() }
}

const good = ({ provider, ada }: Scene, nonce: string): string =>
  provider.sign(provider.claims(nonce, { email: ada.email, email_verified: true }))

test('an answer counts in the browser that asked for it, and in no other', async t => {
  const stage = await scene(t)
  const [mine, another, nobody] = [browserAt(stage.house), browserAt(stage.house), browserAt(stage.house)]
  const { state, nonce } = await begin(mine, LOGIN)
  const other = await begin(another, LOGIN)
  stage.provider.idToken = good(stage, nonce)
  t.deepEqual(ending(await comeBack(nobody, 'microsoft', { code: 'c', state })), FAILED, 'no cookie')
  t.deepEqual(ending(await comeBack(another, 'microsoft', { code: 'c', state })), FAILED, 'log-in CSRF')
  const [[name = '', value = ''] = []] = [...mine.apiCookies]
  const [[otherName = '', otherValue = ''] = []] = [...another.apiCookies]
  another.apiCookies.set(name, otherValue)
  t.deepEqual(ending(await comeBack(another, 'microsoft', { code: 'c', state })), FAILED, 'own cookie, renamed')
  another.apiCookies.set(name, `${value.slice(0, -4)}AAAA`)
  t.deepEqual(ending(await comeBack(another, 'microsoft', { code: 'c', state })), FAILED, 'cookie tampered with')
  another.apiCookies.set(otherName, value)
  t.deepEqual(ending(await comeBack(another, 'microsoft', { code: 'c', state: other.state })), FAILED, 'swapped')
  t.false(
    stage.provider.requests.some(({ path }) => path === '/token'),
    'no code left the house',
  )
  t.truthy(ending(await comeBack(mine, 'microsoft', { code: 'c', state })).token)
})

test('state is checked: another one, none, twice', async t => {
  const stage = await scene(t)
  const browser = browserAt(stage.house)
  const { state, nonce } = await begin(browser, LOGIN)
  stage.provider.idToken = good(stage, nonce)
  const changed = state.replace(/.$/, last => (last === 'A' ? 'B' : 'A'))
  t.deepEqual(ending(await comeBack(browser, 'microsoft', { code: 'c', state: changed })), FAILED)
  t.deepEqual(ending(await comeBack(browser, 'microsoft', { code: 'c' })), FAILED)
  t.deepEqual(ending(await browser.api(`/api/v1/auth/microsoft/callback?code=c&state=${state}&state=${state}`)), FAILED)
  t.is(browser.apiCookies.size, 1, 'the flow itself is untouched')
  t.truthy(ending(await comeBack(browser, 'microsoft', { code: 'c', state })).token)
})

test('a flow is good for one answer, although the cookie is shown again, and for ten minutes', async t => {
  const stage = await scene(t)
  const browser = browserAt(stage.house)
  const first = await begin(browser, LOGIN)
  const kept = [...browser.apiCookies]
  stage.provider.idToken = good(stage, first.nonce)
  t.truthy(ending(await comeBack(browser, 'microsoft', { code: 'c', state: first.state })).token)
  for (const [name, value] of kept) browser.apiCookies.set(name, value)
  t.deepEqual(ending(await comeBack(browser, 'microsoft', { code: 'c', state: first.state })), FAILED)

  const late = await begin(browser, LOGIN)
  stage.provider.idToken = good(stage, late.nonce)
  stage.house.clock.forward(10 * 60_000)
  t.deepEqual(ending(await comeBack(browser, 'microsoft', { code: 'c', state: late.state })), FAILED)
})

test('of two answers at the same moment one counts', async t => {
  const stage = await scene(t)
  const browser = browserAt(stage.house)
  const { state, nonce } = await begin(browser, LOGIN)
  stage.provider.idToken = good(stage, nonce)
  const query = { code: 'c', state }
  const both = await Promise.all([1, 2].map(() => comeBack(browser, 'microsoft', query)))
  t.deepEqual(both.map(answer => Object.keys(ending(answer))[0]).sort(), ['error', 'token'])
})

test('several tabs may be at it, though not any number', async t => {
  const stage = await scene(t)
  const browser = browserAt(stage.house)
  const flows = []
  for (let tab = 0; tab < 7; tab++) flows.push(await begin(browser, LOGIN))
  t.is(browser.apiCookies.size, 5)
  for (const [tab, { state, nonce }] of flows.entries()) {
    stage.provider.idToken = good(stage, nonce)
    const end = ending(await comeBack(browser, 'microsoft', { code: 'c', state }))
    if (tab < 2) t.deepEqual(end, FAILED)
    else t.truthy(end.token, `tab ${tab}`)
  }
})

test('an answer of another issuer is refused, though it comes with a good state (mix-up, RFC 9207)', async t => {
  const stage = await scene(t)
  const browser = browserAt(stage.house)
  const { state, nonce } = await begin(browser, LOGIN)
  stage.provider.idToken = good(stage, nonce)
  const answer = { code: 'c', state, iss: 'https://elsewhere.example' }
  t.deepEqual(ending(await comeBack(browser, 'microsoft', answer)), FAILED)
  t.false(
    stage.provider.requests.some(({ path }) => path === '/token'),
    'the code went nowhere',
  )
})

test("an answer to the platform's flow is none to a tenant's, and the other way round", async t => {
  const stage = await scene(t)
  await verifyDomain(stage.house, stage.ada, 'acme.example')
  await ownProvider(stage.house, stage.ada, { issuer: stage.provider.base })
  const browser = browserAt(stage.house)
  const platform = await begin(browser, LOGIN)
  t.deepEqual(ending(await comeBack(browser, 'oidc', { code: 'c', state: platform.state })), FAILED)
  const own = await begin(browser, '/api/v1/auth/oidc/login?domain=acme.example')
  t.deepEqual(ending(await comeBack(browser, 'microsoft', { code: 'c', state: own.state })), FAILED)
})

test('a flow ends with the configuration that it was begun with', async t => {
  const stage = await scene(t)
  await verifyDomain(stage.house, stage.ada, 'acme.example')
  await ownProvider(stage.house, stage.ada, { issuer: stage.provider.base })
  const config = () => stage.house.database.table('tenant_oidc_config').where('tenant_id', stage.ada.tenantId)
  const browser = browserAt(stage.house)
  for (const change of [{ client_id: 'another' }, { enabled: false }]) {
    const { state } = await begin(browser, '/api/v1/auth/oidc/login?domain=acme.example')
    await config().update(change)
    t.deepEqual(ending(await comeBack(browser, 'oidc', { code: 'c', state })), FAILED, Object.keys(change)[0])
    await config().update({ client_id: 'monozu', enabled: true })
  }
})

test('what the provider says of a failure goes to the log, never into the answer', async t => {
  const stage = await scene(t)
  const browser = browserAt(stage.house)
  const refusal = { error: 'access_denied', error_description: 'secret detail' }
  const asked = await begin(browser, LOGIN)
  t.deepEqual(ending(await comeBack(browser, 'microsoft', { ...refusal, state: asked.state })), FAILED)
  const script = await begin(browser, LOGIN)
  const answer = await comeBack(
    browser,
    'microsoft',
    { code: 'c', state: script.state },
    { accept: 'application/json' },
  )
  t.is(answer.status, 401)
  t.is(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  t.is(answer.body.error, 'sign_in_failed')
  t.notRegex(JSON.stringify(answer.body), /secret|detail<|invalid_grant/)
  t.is(browser.apiCookies.size, 0, 'the flow is over, for scripts, too')
})

test('nobody is sent to another site afterwards', async t => {
  const stage = await scene(t)
  const browser = browserAt(stage.house)
  const bad = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/%0d%0aLocation:x\r\n',
    'evil',
    'javascript:alert(1)',
    '',
    `/${'x'.repeat(500)}`,
  ]
  for (const path of bad) {
    const { status, body } = await browser.api(`${LOGIN}?${new URLSearchParams({ return_to: path })}`)
    t.is(status, 422, JSON.stringify(path))
    t.is(body.error, 'invalid')
  }
  const { state, nonce } = await begin(browser, `${LOGIN}?${new URLSearchParams({ return_to: '/a?b=//c#d' })}`)
  stage.provider.idToken = good(stage, nonce)
  t.is(ending(await comeBack(browser, 'microsoft', { code: 'c', state })).return_to, '/a?b=//c#d')
})

test('a code works once at a real provider, and only with the verifier of its own flow', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const ada = await house.account()
  provider.accounts.ada = { email: ada.email, email_verified: true }
  const browser = browserAt(house)
  const callback = await browser.signIn(LOGIN, 'ada', isCallback)
  const code = callback.searchParams.get('code') ?? ''
  const other = await begin(browser, LOGIN)
  t.deepEqual(
    ending(await comeBack(browser, 'microsoft', { code, state: other.state })),
    FAILED,
    'a code injected (PKCE)',
  )

  const fresh = await browser.signIn(LOGIN, 'ada', isCallback)
  const kept = new Map(browser.apiCookies)
  t.truthy(ending(await browser.api(fresh.pathname + fresh.search)).token)
  for (const [name, value] of kept) browser.apiCookies.set(name, value)
  t.deepEqual(ending(await browser.api(fresh.pathname + fresh.search)), FAILED, 'the whole answer again')
})

test('a provider that is down hurts nobody else', async t => {
  const provider = await startProvider(t, {})
  const house = await openHouse(t, provider.issuer)
  const ada = await house.account()
  provider.accounts.ada = { email: ada.email, email_verified: true }
  const browser = browserAt(house)
  const callback = await browser.signIn(LOGIN, 'ada', isCallback)
  await provider.close()
  t.deepEqual(ending(await browser.api(callback.pathname + callback.search)), {
    error: 'identity_provider_unavailable',
  })
  house.clock.forward(60 * 60_000)
  t.deepEqual(outcome(await browser.signIn(LOGIN, 'ada')), { error: 'identity_provider_unavailable' })
  const script = await house.send('GET', LOGIN)
  t.is(script.status, 503)
  t.is(script.body.error, 'identity_provider_unavailable')
  t.notRegex(JSON.stringify(script.body), /127\.0\.0\.1|ECONN/)
  t.is((await house.login(ada.email)).status, 200)
})
