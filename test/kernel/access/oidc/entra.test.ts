import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import type { AccessHouse } from '../access-house.ts'
import { browserAt, emailsOf, openHouse, ownProvider, verifyDomain, whoIs } from './federated-house.ts'
import { begin, comeBack, ending, HostileProvider, publicJwk, strangeKey } from './hostile-provider.ts'

const LOGIN = '/api/v1/auth/microsoft/login'
const DIRECTORY = randomUUID()
const FOREIGN = randomUUID()

interface Scene {
  readonly house: AccessHouse
  readonly entra: HostileProvider
}

/** Entra's address for all directories: the issuer of each token is that of the user's directory. */
async function scene(t: ExecutionContext): Promise<Scene> {
  const entra = await HostileProvider.start(t)
  entra.metadata.issuer = `${entra.base}/{tenantid}/v2.0`
  const house = await openHouse(t, `${entra.base}/common/v2.0`)
  return { house, entra }
}

const issuerOf = (entra: HostileProvider, directory: string): string => `${entra.base}/${directory}/v2.0`

/** Signs in with a token that has these claims. */
async function attempt(
  { house, entra }: Scene,
  claims: Record<string, unknown>,
  { login = LOGIN, sign = (made: Record<string, unknown>) => entra.sign(made) } = {},
): Promise<Record<string, string>> {
  const browser = browserAt(house)
  const { state, nonce } = await begin(browser, login)
  const directory = String(claims.tid ?? DIRECTORY)
  entra.idToken = sign(entra.claims(nonce, { iss: issuerOf(entra, directory), tid: directory, ...claims }))
  return ending(await comeBack(browser, login.includes('oidc') ? 'oidc' : 'microsoft', { code: 'c', state }))
}

test('a user of any directory signs in, when Microsoft has verified the domain of the address', async t => {
  const stage = await scene(t)
  const ada = await stage.house.account()
  for (const xms_edov of [true, 1, '1', 'true']) {
    const end = await attempt(stage, { oid: DIRECTORY, email: ada.email, xms_edov })
    t.is((await whoIs(stage.house, end.token)).id, ada.userId, String(xms_edov))
  }
  const identities = await stage.house.database.table('user_identities').where('user_id', ada.userId)
  t.is(identities.length, 1)
  t.is(identities[0].issuer, issuerOf(stage.entra, DIRECTORY))
  t.is(identities[0].subject, DIRECTORY, 'the object id, which is the same for every application')
})

test('an unverified address of a foreign directory opens no account (nOAuth)', async t => {
  const stage = await scene(t)
  const victim = await stage.house.account()
  await verifyDomain(stage.house, victim, 'corp.example')
  const claims = [
    { email: victim.email },
    { email: victim.email, email_verified: true },
    { email: victim.email, xms_edov: false },
    { email: victim.email, xms_edov: 'no' },
    { preferred_username: victim.email, xms_edov: true },
    { email: 'new@corp.example' },
    { preferred_username: 'new@corp.example' },
  ]
  for (const claim of claims) {
    t.deepEqual(await attempt(stage, { tid: FOREIGN, ...claim }), { error: 'no_tenant' }, JSON.stringify(claim))
  }
  t.deepEqual(await emailsOf(stage.house, victim), [victim.email])
})

test("a tenant's own directory speaks for the tenant's own domains", async t => {
  const stage = await scene(t)
  const [a, b] = [await stage.house.account(), await stage.house.account()]
  await verifyDomain(stage.house, a, 'corp.example')
  await verifyDomain(stage.house, b, 'other.example')
  await ownProvider(stage.house, a, { entraTenantId: DIRECTORY })
  const end = await attempt(stage, { oid: randomUUID(), preferred_username: 'eve@corp.example', name: 'Eve' })
  t.is((await whoIs(stage.house, end.token)).tenant.id, a.tenantId)
  const claims = { oid: randomUUID(), email: 'eve@other.example' }
  t.deepEqual(await attempt(stage, claims), { error: 'no_tenant' }, "another tenant's domain")
  t.deepEqual(await attempt(stage, { oid: randomUUID(), email: b.email }), { error: 'no_tenant' })
  t.deepEqual(await emailsOf(stage.house, b), [b.email])
})

test('the issuer must be that of the directory which the token names', async t => {
  const stage = await scene(t)
  const ada = await stage.house.account()
  const who = { email: ada.email, xms_edov: true }
  const bad = {
    'another directory': { ...who, iss: issuerOf(stage.entra, FOREIGN) },
    'the template itself': { ...who, iss: `${stage.entra.base}/{tenantid}/v2.0` },
    'another host': { ...who, iss: `https://evil.example/${DIRECTORY}/v2.0` },
    'no directory': { ...who, tid: undefined, iss: issuerOf(stage.entra, DIRECTORY) },
    'a directory that is a path': { ...who, tid: '../common', iss: `${stage.entra.base}/../common/v2.0` },
  }
  for (const [what, claims] of Object.entries(bad)) {
    t.deepEqual(await attempt(stage, claims), { error: 'sign_in_failed' }, what)
  }
})

test('a key that Microsoft publishes for another directory signs nothing for this one', async t => {
  const stage = await scene(t)
  const { entra, house } = stage
  const ada = await house.account()
  const who = { email: ada.email, xms_edov: true }
  const sign = (claims: Record<string, unknown>) => entra.sign(claims, strangeKey, 'two')
  entra.keys = [publicJwk(strangeKey, { kid: 'two', issuer: issuerOf(entra, FOREIGN) })]
  t.deepEqual(await attempt(stage, who, { sign }), { error: 'sign_in_failed' })
  house.clock.forward(15 * 60_000)
  entra.keys = [publicJwk(strangeKey, { kid: 'two', issuer: `${entra.base}/{tenantid}/v2.0` })]
  t.truthy((await attempt(stage, who, { sign })).token)
})

test("a tenant's own application is asked at its own directory, which has one issuer", async t => {
  const stage = await scene(t)
  const { entra, house } = stage
  const a = await house.account()
  await verifyDomain(house, a, 'corp.example')
  await ownProvider(house, a, { entraTenantId: DIRECTORY })
  entra.metadata.issuer = issuerOf(entra, DIRECTORY)
  const login = '/api/v1/auth/oidc/login?email=eve@corp.example'
  const oid = randomUUID()
  const end = await attempt(stage, { oid, email: 'eve@corp.example' }, { login })
  t.is((await whoIs(house, end.token)).tenant.id, a.tenantId)
  t.true(entra.requests.some(({ path }) => path.startsWith(`/${DIRECTORY}/v2.0/.well-known/`)))
  t.deepEqual(await attempt(stage, { tid: FOREIGN, email: 'mal@corp.example' }, { login }), { error: 'sign_in_failed' })

  house.clock.forward(60 * 60_000)
  entra.metadata.issuer = `${entra.base}/{tenantid}/v2.0`
  const { headers } = await browserAt(house).api(login)
  t.is(
    headers.location,
    'https://cloud.example/auth/callback?error=identity_provider_unavailable',
    'no tenant takes all',
  )
})
