import test, { type ExecutionContext } from 'ava'
import type { AccessHouse } from '../access-house.ts'
import { browserAt, openHouse, ownProvider, verifyDomain, whoIs } from './federated-house.ts'
import { begin, comeBack, ending, HostileProvider } from './hostile-provider.ts'

interface Scene {
  readonly house: AccessHouse
  readonly honest: HostileProvider
  readonly evil: HostileProvider
}

/** Two tenants with a provider each; the second one's is an attacker's. */
async function scene(t: ExecutionContext): Promise<Scene> {
  const [honest, evil] = [await HostileProvider.start(t), await HostileProvider.start(t)]
  const house = await openHouse(t)
  const [victims, attackers] = [await house.account(), await house.account()]
  await verifyDomain(house, victims, 'corp.example')
  await ownProvider(house, victims, { issuer: honest.base })
  await verifyDomain(house, attackers, 'evil.example')
  await ownProvider(house, attackers, { issuer: evil.base })
  return { house, honest, evil }
}

const login = (domain: string): string => `/api/v1/auth/oidc/login?domain=${domain}`

/**
 * The attacker begins a sign-in at the honest provider, and has a victim begin one at the evil provider. That sends the
 * victim on to the honest one, with the nonce and challenge of the attacker's sign-in and the state of the victim's. So a
 * good code of the honest provider, for the attacker's sign-in, comes back here as an answer of the evil one, and is handed
 * to its token endpoint (RFC 9700, 4.4).
 */
test('a code that was taken for one of another provider opens nothing (mix-up)', async t => {
  const { house, honest, evil } = await scene(t)
  const [attacker, victim] = [browserAt(house), browserAt(house)]
  const wanted = await begin(attacker, login('corp.example'))
  const lured = await begin(victim, login('evil.example'))
  const code = 'a-code-of-the-honest-provider'
  await comeBack(victim, 'oidc', { code, state: lured.state })
  t.true(
    evil.requests.some(({ body }) => body.includes(code)),
    'the attacker has it',
  )
  honest.idToken = honest.sign(honest.claims(wanted.nonce, { email: 'eve@corp.example', email_verified: true }))
  t.deepEqual(ending(await comeBack(attacker, 'oidc', { code, state: wanted.state })), { error: 'sign_in_failed' })
  t.false(
    honest.requests.some(({ path }) => path === '/token'),
    'and it goes nowhere',
  )
})

test('a code that a provider gives out again is its own all the same', async t => {
  const { house, honest } = await scene(t)
  const browser = browserAt(house)
  for (const code of ['one', 'two', 'one']) {
    const { state, nonce } = await begin(browser, login('corp.example'))
    honest.idToken = honest.sign(honest.claims(nonce, { email: 'eve@corp.example' }))
    const { token } = ending(await comeBack(browser, 'oidc', { code, state }))
    t.is((await whoIs(house, token)).email, 'eve@corp.example')
  }
})
