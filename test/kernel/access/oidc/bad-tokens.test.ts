import { createHash, createPublicKey } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import jwt from 'jsonwebtoken'
import type { AccessHouse, Person } from '../access-house.ts'
import { browserAt, openHouse, whoIs } from './federated-house.ts'
import { begin, comeBack, ending, HostileProvider, publicJwk, strangeKey } from './hostile-provider.ts'

const LOGIN = '/api/v1/auth/microsoft/login'

interface Scene {
  readonly house: AccessHouse
  readonly provider: HostileProvider
  readonly ada: Person
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const provider = await HostileProvider.start(t)
  const house = await openHouse(t, provider.base)
  return { house, provider, ada: await house.account() }
}

/** One sign-in, answered with the token that `make` makes for its nonce. */
async function attempt({ house, provider }: Scene, make: (nonce: string) => string): Promise<Record<string, string>> {
  const browser = browserAt(house)
  const { state, nonce } = await begin(browser, LOGIN)
  provider.idToken = make(nonce)
  return ending(await comeBack(browser, 'microsoft', { code: 'a-code', state }))
}

test('a good token lets in; the verifier fits the challenge and the client shows its secret', async t => {
  const stage = await scene(t)
  const { house, provider, ada } = stage
  const browser = browserAt(house)
  const { state, nonce, challenge } = await begin(browser, LOGIN)
  provider.idToken = provider.sign(
    provider.claims(nonce, { email: ada.email, email_verified: true, amr: ['pwd', 'mfa'] }),
  )
  const end = ending(await comeBack(browser, 'microsoft', { code: 'a-code', state }))
  t.is((await whoIs(house, end.token)).id, ada.userId)
  const sent = provider.requests.find(({ path }) => path === '/token')
  const body = new URLSearchParams(sent?.body)
  t.is(body.get('code'), 'a-code')
  t.is(
    createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url'),
    challenge,
  )
  t.regex(sent?.authorization ?? '', /^Basic /)
  const rows = await house.database.table('refresh_tokens').where('user_id', ada.userId).select('methods')
  t.deepEqual(rows, [{ methods: 'fed mfa' }], 'a second factor there counts')
})

test('tokens that are not what they should be let nobody in', async t => {
  const stage = await scene(t)
  const { provider, ada, house } = stage
  const now = Math.floor(Date.now() / 1000)
  const who = { email: ada.email, email_verified: true }
  const signed = (changes: Record<string, unknown>) => (nonce: string) =>
    provider.sign(provider.claims(nonce, { ...who, ...changes }))
  const good = (nonce: string) => provider.claims(nonce, who)
  const pem = createPublicKey(strangeKey).export({ format: 'pem', type: 'spki' }) as string
  const bad: Record<string, (nonce: string) => string> = {
    'another nonce': signed({ nonce: 'another' }),
    'no nonce': signed({ nonce: undefined }),
    'another audience': signed({ aud: 'somebody-else' }),
    'several audiences, meant for another one': signed({ aud: ['monozu', 'else'], azp: 'else' }),
    'no audience': signed({ aud: undefined }),
    'another issuer': signed({ iss: 'https://elsewhere.example' }),
    'no subject': signed({ sub: undefined }),
    expired: signed({ iat: now - 900, exp: now - 600 }),
    'no end': signed({ exp: undefined }),
    'not valid yet': signed({ nbf: now + 600 }),
    'another key': nonce => provider.sign(good(nonce), strangeKey),
    'a key that nobody published': nonce => provider.sign(good(nonce), strangeKey, 'two'),
    'no signature': nonce => jwt.sign(good(nonce), '', { algorithm: 'none' }),
    'signed with what is public': nonce => jwt.sign(good(nonce), pem, { algorithm: 'HS256', keyid: 'one' }),
    'signature cut off': nonce => provider.sign(good(nonce)).replace(/[^.]+$/, ''),
    'claims changed': nonce => {
      const [head, , tail] = provider.sign(good(nonce)).split('.')
      return [head, Buffer.from(JSON.stringify({ ...good(nonce), sub: 'x' })).toString('base64url'), tail].join('.')
    },
    'no token at all': () => 'nonsense',
  }
  for (const [what, make] of Object.entries(bad)) {
    t.deepEqual(await attempt(stage, make), { error: 'sign_in_failed' }, what)
  }
  t.deepEqual(await house.database.table('refresh_tokens').where('user_id', ada.userId), [])
  t.deepEqual(await house.database.table('user_identities').where('user_id', ada.userId), [])
  t.truthy((await attempt(stage, nonce => provider.sign(good(nonce)))).token, 'the good one does')
})

test('a provider may change its keys; looking for new ones has a limit', async t => {
  const stage = await scene(t)
  const { provider, ada, house } = stage
  const fetched = (): number => provider.requests.filter(({ path }) => path === '/jwks').length
  const who = { email: ada.email, email_verified: true }
  const byOld = (nonce: string) => provider.sign(provider.claims(nonce, who))
  const byNew = (nonce: string) => provider.sign(provider.claims(nonce, who), strangeKey, 'two')
  t.truthy((await attempt(stage, byOld)).token)
  t.truthy((await attempt(stage, byOld)).token)
  t.is(fetched(), 1, 'keys are kept')
  for (let times = 0; times < 3; times++) t.deepEqual(await attempt(stage, byNew), { error: 'sign_in_failed' })
  t.is(fetched(), 1, 'within a minute nobody looks again')
  provider.keys = [publicJwk(strangeKey, { kid: 'two' })]
  house.clock.forward(61_000)
  t.truthy((await attempt(stage, byNew)).token)
  t.is(fetched(), 2)
  t.is(provider.requests.filter(({ path }) => path.endsWith('openid-configuration')).length, 1, 'metadata are kept')
})
