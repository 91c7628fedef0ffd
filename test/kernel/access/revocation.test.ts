import test from 'ava'
import { createAccess } from '../../../kernel/access/access.ts'
import type { Principal } from '../../../kernel/access/principal.ts'
import { Problem } from '../../../kernel/errors.ts'
import { createSealer } from '../../../kernel/secrets/sealed.ts'
import { quiet } from '../tenancy/tenancy-house.ts'
import { AccessHouse, SECRET_KEY } from './access-house.ts'

/** The access of a second instance on the same database. */
const secondInstance = (house: AccessHouse) =>
  createAccess({
    database: house.kernel.runtime.database,
    log: quiet,
    now: house.clock.now,
    settings: {
      SECRET_KEY,
      ACCESS_TOKEN_EXPIRE_MINUTES: 60,
      REFRESH_TOKEN_EXPIRE_DAYS: 7,
      REFRESH_COOKIE_SAMESITE: 'strict',
      ALLOW_ORIGINS: [],
      AUTH_POLICY: 'standard',
      AUTH_ALLOWED_EMAIL_DOMAINS: [],
      DNS_SERVERS: [],
      MS_AUTHORITY: 'https://login.example/v2.0',
      MFA_ISSUER: 'Monozu',
      APP_BASE_URL: 'http://localhost:3000',
      ADMIN_PANEL_ENABLED: false,
      production: true,
    },
    mail: { queue: async () => undefined },
    sealer: createSealer(SECRET_KEY),
    features: house.kernel.tenancy.features,
    askLicence: async () => undefined,
    pluginsOf: () => [],
  })

test('a token that was checked before is answered at once, the same object each time', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const { authenticator } = house.kernel.access
  const header = `Bearer ${session.token}`
  const first = await authenticator.authenticate(header)
  const again = authenticator.authenticate(header)
  t.false(again instanceof Promise)
  t.is(again as Principal, first)
  t.is(authenticator.authenticate(header), first)
  house.clock.forward(3600_000)
  await t.throwsAsync(async () => authenticator.authenticate(header), { instanceOf: Problem, message: /expired/ })
})

test('another instance forgets a session that was ended here, at its next look at the revision', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const session = await house.as(person)
  const other = secondInstance(house)
  const header = `Bearer ${session.token}`
  await other.start()
  t.teardown(() => other.stop())
  await other.authenticator.authenticate(header)
  t.false(other.authenticator.authenticate(header) instanceof Promise, 'cached')
  await house.send('POST', '/api/v1/auth/logout', { cookie: session.cookie })
  await other.start()
  await t.throwsAsync(async () => other.authenticator.authenticate(header), { instanceOf: Problem, message: /ended/ })
})

test('refuses everything that is not a bearer token', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const { authenticator } = house.kernel.access
  for (const header of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    session.token,
    `Basic ${session.token}`,
    `Bearer ${'x'.repeat(9000)}`,
  ]) {
    const error = await t.throwsAsync(async () => authenticator.authenticate(header), { instanceOf: Problem })
    t.is(error.code, 'unauthenticated')
  }
  t.truthy(await authenticator.authenticate(`bearer  ${session.token}`), 'the scheme has no case')
})
