import { randomUUID } from 'node:crypto'
import test from 'ava'
import { enrol } from '../mfa/authenticator-app.ts'
import { browserAt, openHouse, ownProvider, verifyDomain, whoIs } from './federated-house.ts'
import { begin, comeBack, ending, HostileProvider } from './hostile-provider.ts'

const LOGIN = '/api/v1/auth/microsoft/login'
const DIRECTORY = randomUUID()

test("a tenant's directory does not speak for users of other tenants, although they have an address of its domain", async t => {
  const entra = await HostileProvider.start(t)
  entra.metadata.issuer = `${entra.base}/{tenantid}/v2.0`
  const house = await openHouse(t, `${entra.base}/common/v2.0`)
  const [owner, other] = [await house.account(), await house.account()]
  await verifyDomain(house, owner, 'corp.example')
  await ownProvider(house, owner, { entraTenantId: DIRECTORY })
  const guest = await house.colleague(other, 'Gil')
  const email = 'gil@corp.example'
  await house.database.table('users').where('id', guest.userId).update({ email, email_key: email })
  const browser = browserAt(house)
  const attempt = async (more: object) => {
    const { state, nonce } = await begin(browser, LOGIN)
    const claims = { iss: `${entra.base}/${DIRECTORY}/v2.0`, tid: DIRECTORY, oid: randomUUID(), email, ...more }
    entra.idToken = entra.sign(entra.claims(nonce, claims))
    return ending(await comeBack(browser, 'microsoft', { code: 'c', state }))
  }
  t.deepEqual(await attempt({ amr: ['pwd', 'mfa'] }), { error: 'no_tenant' })
  const { token } = await attempt({ xms_edov: true })
  t.is((await whoIs(house, token)).id, guest.userId, 'Microsoft itself does')
})

test('whoever registered with the address of somebody else leaves no second factor behind', async t => {
  const provider = await HostileProvider.start(t)
  const house = await openHouse(t, provider.base)
  const { person } = await enrol(t, house, await house.account())
  const browser = browserAt(house)
  const { state, nonce } = await begin(browser, LOGIN)
  provider.idToken = provider.sign(provider.claims(nonce, { email: person.email, email_verified: true }))
  const { token } = ending(await comeBack(browser, 'microsoft', { code: 'c', state }))
  t.is((await whoIs(house, token)).id, person.userId)
  const [user] = await house.database.table('users').where('id', person.userId)
  t.deepEqual([Boolean(user.mfa_enabled), user.totp_secret, user.password_hash], [false, null, null])
  t.deepEqual(await house.database.table('recovery_codes').where('user_id', person.userId), [])
})
