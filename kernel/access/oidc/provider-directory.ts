import type { Config } from '../../../config/load.ts'
import type { PlatformDb } from '../../data/platform-db.ts'
import { prepare } from '../../data/prepared.ts'
import type { Sealer } from '../../secrets/sealed.ts'
import { domainOf } from '../tenant-policy.ts'

/** What a provider is, as `check-method` names it. */
export type ProviderKind = 'microsoft' | 'oidc'

/** An identity provider that users are sent to. */
export interface Provider {
  readonly kind: ProviderKind
  /** Whose it is; undefined: the platform's, behind "Sign in with Microsoft". */
  readonly tenantId: string | undefined
  /** Its address, without the slash at the end that some have. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
}

/** The settings of signing in elsewhere. */
export type ProviderSettings = Pick<Config, 'AUTH_POLICY' | 'MS_CLIENT_ID' | 'MS_CLIENT_SECRET' | 'MS_AUTHORITY'>

/** What a verified e-mail domain says about who logs in with it. */
export interface DomainOwner {
  readonly tenantId: string
  readonly restricted: boolean
  /** The tenant's own provider, if it has one that is switched on and that the deployment allows. */
  readonly provider: Provider | undefined
  /** The Entra directory that this provider is. */
  readonly entraTenantId: string | undefined
}

interface ConfigRow {
  tenant_id: string
  provider: string | null
  issuer: string | null
  entra_tenant_id: string | null
  client_id: string | null
  client_secret: string | null
  enabled: unknown
}

/** For what the secrets of tenants' providers are sealed; their owner is the tenant. */
export const CLIENT_SECRET = 'oidc-client-secret'

const CONFIG = ['provider', 'issuer', 'entra_tenant_id', 'client_id', 'client_secret', 'enabled'].map(
  column => `tenant_oidc_config.${column}`,
)
const byDomain = prepare<{ domain: string }, ConfigRow & { auth_policy: string | null }>((from, v) =>
  from
    .shared('email_domains')
    .leftJoin('tenant_oidc_config', 'tenant_oidc_config.tenant_id', 'email_domains.tenant_id')
    .leftJoin('tenant_settings', 'tenant_settings.tenant_id', 'email_domains.tenant_id')
    .select('email_domains.tenant_id', 'tenant_settings.auth_policy', ...CONFIG)
    .where('email_domains.domain', v.domain)
    .whereNotNull('email_domains.verified_at'),
)
const byTenant = prepare<{ tenantId: string }, ConfigRow>((from, v) =>
  from
    .shared('tenant_oidc_config')
    .select('tenant_id', ...CONFIG)
    .where('tenant_id', v.tenantId),
)

/** Where users sign in: the platform's provider, and those of tenants, found by verified e-mail domain. */
export class ProviderDirectory {
  readonly #settings: ProviderSettings
  readonly #sealer: Sealer

  constructor(settings: ProviderSettings, sealer: Sealer) {
    this.#settings = settings
    this.#sealer = sealer
  }

  /** The provider behind "Sign in with Microsoft"; undefined where it is not set up. */
  get platform(): Provider | undefined {
    const { MS_CLIENT_ID, MS_CLIENT_SECRET, MS_AUTHORITY } = this.#settings
    if (MS_CLIENT_ID === undefined || MS_CLIENT_SECRET === undefined) return undefined
    return {
      kind: 'microsoft',
      tenantId: undefined,
      issuer: MS_AUTHORITY,
      clientId: MS_CLIENT_ID,
      clientSecret: MS_CLIENT_SECRET,
    }
  }

  /** The tenant that has verified this e-mail domain. */
  async ownerOf(db: PlatformDb, domain: string): Promise<DomainOwner | undefined> {
    const row = await db.first(byDomain, { domain })
    if (!row) return undefined
    return {
      tenantId: row.tenant_id,
      restricted: row.auth_policy === 'restricted',
      provider: this.#open(row),
      entraTenantId: row.enabled && row.provider === 'microsoft' ? (row.entra_tenant_id ?? undefined) : undefined,
    }
  }

  /** The provider of a tenant, as long as it is switched on. */
  async ofTenant(db: PlatformDb, tenantId: string): Promise<Provider | undefined> {
    const row = await db.first(byTenant, { tenantId })
    return row && this.#open(row)
  }

  /** How addresses of a domain log in: by the domain alone, whoever has an account there. */
  async methodOf(db: PlatformDb, email: string): Promise<'password' | ProviderKind> {
    const owner = await this.ownerOf(db, domainOf(email))
    if (owner?.provider) return owner.provider.kind
    return owner?.restricted && this.platform ? 'microsoft' : 'password'
  }

  /** The issuer that a tenant's choice means. */
  issuerOf(kind: ProviderKind, issuer: string | null, entraTenantId: string | null): string {
    if (kind === 'oidc') return (issuer ?? '').replace(/\/+$/, '')
    return entraIssuer(this.#settings.MS_AUTHORITY, entraTenantId ?? '')
  }

  #open(row: ConfigRow): Provider | undefined {
    const kind = row.provider === 'microsoft' ? 'microsoft' : 'oidc'
    if (!row.enabled || row.client_id === null || row.client_secret === null) return undefined
    if (kind === 'oidc' && this.#settings.AUTH_POLICY === 'restricted') return undefined
    const { sealed, tenant_id } = { sealed: row.client_secret, tenant_id: row.tenant_id }
    const sealer = this.#sealer
    return {
      kind,
      tenantId: tenant_id,
      issuer: this.issuerOf(kind, row.issuer, row.entra_tenant_id),
      clientId: row.client_id,
      /** Opened when it is used: who only asks for the method pays nothing. */
      get clientSecret() {
        return sealer.open(CLIENT_SECRET, sealed, tenant_id)
      },
    }
  }
}

/** A directory's own issuer, at the same cloud of Microsoft as the authority for all directories. */
export function entraIssuer(authority: string, entraTenantId: string): string {
  const shared = /\/(common|organizations|consumers)(?=\/|$)/
  const base = shared.test(authority) ? authority : 'https://login.microsoftonline.com/common/v2.0'
  return base.replace(shared, `/${entraTenantId}`)
}
