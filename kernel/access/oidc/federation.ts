import type { Config } from '../../../config/load.ts'
import type { Sealer } from '../../secrets/sealed.ts'
import type { OneTimeTokens } from '../one-time-tokens.ts'
import type { PermissionCatalogue } from '../permissions.ts'
import type { CookieSettings } from '../refresh-cookie.ts'
import type { Sessions } from '../sessions.ts'
import type { SignIn } from '../sign-in.ts'
import type { PolicySettings } from '../tenant-policy.ts'
import { Arrival } from './arrival.ts'
import { AuthenticationSettings } from './authentication-settings.ts'
import { EmailDomains } from './email-domains.ts'
import { FlowCookie } from './flow-cookie.ts'
import { Newcomers } from './newcomers.ts'
import { OwnProvider } from './own-provider.ts'
import { ProviderDirectory, type ProviderSettings } from './provider-directory.ts'
import { Providers } from './providers.ts'
import { SignInElsewhere } from './sign-in-elsewhere.ts'

/** The settings of signing in at identity providers. */
export type FederationSettings = PolicySettings &
  ProviderSettings &
  CookieSettings &
  Pick<Config, 'APP_BASE_URL' | 'DNS_SERVERS'>

interface FederationOptions {
  readonly settings: FederationSettings
  readonly sealer: Sealer
  readonly sessions: Sessions
  readonly oneTime: OneTimeTokens
  readonly signIn: SignIn
  readonly catalogue: PermissionCatalogue
  now(): Date
}

/** Signing in at identity providers, and how a tenant sets that up. */
export interface Federation {
  readonly directory: ProviderDirectory
  readonly providers: Providers
  readonly elsewhere: SignInElsewhere
  readonly authentication: AuthenticationSettings
  readonly ownProvider: OwnProvider
  readonly domains: EmailDomains
}

/** Puts the parts together; nothing is loaded or fetched before somebody signs in. */
export function createFederation(options: FederationOptions): Federation {
  const { settings, sealer, sessions, oneTime, signIn, catalogue } = options
  const directory = new ProviderDirectory(settings, sealer)
  const { production, DNS_SERVERS: dnsServers } = settings
  const providers = new Providers({ production, dnsServers, now: () => options.now() })
  const platformProvider = directory.platform !== undefined
  return {
    directory,
    providers,
    elsewhere: new SignInElsewhere({
      settings,
      directory,
      providers,
      cookie: new FlowCookie(sealer, settings),
      arrival: new Arrival({
        settings,
        directory,
        sessions,
        oneTime,
        signIn,
        newcomers: new Newcomers({ directory, catalogue }),
      }),
      signIn,
    }),
    authentication: new AuthenticationSettings({ sessions, platformProvider }),
    ownProvider: new OwnProvider({ directory, sealer, catalogue }),
    domains: new EmailDomains({ dnsServers: settings.DNS_SERVERS, platformProvider }),
  }
}
