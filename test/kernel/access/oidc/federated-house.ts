import type { ExecutionContext } from 'ava'
import { newId } from '../../../../kernel/data/id.ts'
import { createSealer } from '../../../../kernel/secrets/sealed.ts'
import { AccessHouse, type Person, SECRET_KEY } from '../access-house.ts'
import { Browser } from './browser.ts'
import { CLIENT_ID, CLIENT_SECRET } from './identity-provider.ts'

/** A kernel whose "Sign in with Microsoft" goes to this issuer. */
export const openHouse = (
  t: ExecutionContext,
  issuer?: string,
  env: Record<string, string> = {},
): Promise<AccessHouse> =>
  AccessHouse.open(t, {
    APP_BASE_URL: 'https://cloud.example',
    ...(issuer === undefined ? {} : { MS_CLIENT_ID: CLIENT_ID, MS_CLIENT_SECRET: CLIENT_SECRET, MS_AUTHORITY: issuer }),
    ...env,
  })

/** Gives a tenant a domain that counts as proven. */
export async function verifyDomain(house: AccessHouse, { tenantId }: Person, domain: string): Promise<void> {
  const now = house.clock.now()
  const times = { created_at: now, verified_at: now }
  await house.database
    .forTenant(tenantId)
    .table('email_domains')
    .insert({ id: newId(), domain, challenge: 'done', ...times })
}

interface OwnProvider {
  readonly issuer?: string
  readonly entraTenantId?: string
}

/** Gives a tenant a provider of its own. */
export async function ownProvider(house: AccessHouse, { tenantId }: Person, given: OwnProvider): Promise<void> {
  const now = house.clock.now()
  await house.database
    .forTenant(tenantId)
    .table('tenant_oidc_config')
    .insert({
      provider: given.entraTenantId === undefined ? 'oidc' : 'microsoft',
      issuer: given.issuer ?? null,
      entra_tenant_id: given.entraTenantId ?? null,
      client_id: CLIENT_ID,
      client_secret: createSealer(SECRET_KEY).seal('oidc-client-secret', CLIENT_SECRET, tenantId),
      enabled: true,
      created_at: now,
      updated_at: now,
    })
}

/** The query of the address that a sign-in ended at. */
export const outcome = (url: URL): Record<string, string> => Object.fromEntries(url.searchParams)

/** A browser at this kernel. */
export const browserAt = (house: AccessHouse): Browser => new Browser(house)

/** Who an access token belongs to. */
export async function whoIs(house: AccessHouse, token: string | undefined) {
  const { body } = await house.send('GET', '/api/v1/me', { headers: { authorization: `Bearer ${token}` } })
  return body
}

/** The users of a tenant, by e-mail. */
export async function emailsOf(house: AccessHouse, { tenantId }: Person): Promise<string[]> {
  const rows: { email: string }[] = await house.database
    .forTenant(tenantId)
    .table('users')
    .select('email')
    .orderBy('email')
  return rows.map(({ email }) => email)
}
