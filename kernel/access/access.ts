import type { Config } from '../../config/load.ts'
import type { Database } from '../../db/database.ts'
import type { AnyPlugin } from '../contract.ts'
import type { Log } from '../log/log.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import type { Sealer } from '../secrets/sealed.ts'
import type { Features } from '../tenancy/features.ts'
import { RevisionWatch } from '../tenancy/revision-watch.ts'
import { AccessChanges } from './access-changes.ts'
import { accessPlugin } from './access-plugin.ts'
import { ApiKeyAuthenticator } from './api-keys/api-key-authenticator.ts'
import { ApiKeys } from './api-keys/api-keys.ts'
import { BearerAuthenticator } from './authenticator.ts'
import { Groups } from './groups.ts'
import { Mfa } from './mfa/mfa.ts'
import { SecondFactor } from './mfa/second-factor.ts'
import { createFederation } from './oidc/federation.ts'
import { OneTimeTokens } from './one-time-tokens.ts'
import { Operators } from './operators.ts'
import { Passwords } from './passwords.ts'
import { PermissionCatalogue, type PluginsOf } from './permissions.ts'
import type { Authenticator } from './principal.ts'
import { PrincipalCache } from './principal-cache.ts'
import { Sessions } from './sessions.ts'
import { SignIn, type SignInSettings } from './sign-in.ts'
import { Throttle } from './throttle.ts'
import { type TokenSettings, Tokens } from './tokens.ts'
import { Users } from './users.ts'

/** The settings of access, by their variables. */
export type AccessSettings = TokenSettings &
  SignInSettings &
  Pick<
    Config,
    | 'AUTH_POLICY'
    | 'AUTH_ALLOWED_EMAIL_DOMAINS'
    | 'MS_CLIENT_ID'
    | 'MS_CLIENT_SECRET'
    | 'MS_AUTHORITY'
    | 'DNS_SERVERS'
    | 'MFA_ISSUER'
    | 'APP_BASE_URL'
    | 'ADMIN_PANEL_ENABLED'
    | 'PLATFORM_ADMIN_EMAIL_DOMAIN'
  >

interface AccessOptions {
  readonly database: Database
  readonly log: Log
  now(): Date
  readonly settings: AccessSettings
  readonly mail: MailQueue
  readonly sealer: Sealer
  readonly features: Features
  /** Asks Management for a tenant's licence; never rejects. */
  readonly askLicence: (tenantId: string) => Promise<void>
  readonly pluginsOf: PluginsOf
  /** Default: bcrypt at cost 12. */
  readonly passwords?: Passwords
}

/** Who may come in, and what they may do. */
export interface Access {
  readonly authenticator: Authenticator
  readonly plugin: AnyPlugin
  readonly passwords: Passwords
  /** Calls `listener` after users, groups or sessions changed: of one tenant, or of any when it gets undefined. */
  onChange(listener: (tenantId: string | undefined) => void): void
  start(): Promise<void>
  stop(): Promise<void>
}

/** Makes the access of a kernel. From `start` on it hears within two seconds what other instances change. */
export function createAccess(options: AccessOptions): Access {
  const { database, log, settings, features, mail, sealer } = options
  const { dialect } = database
  const cache = new PrincipalCache()
  const changes = new AccessChanges(cache)
  const tokens = new Tokens(settings)
  const throttle = new Throttle({ database, now: () => options.now() })
  const passwords = options.passwords ?? new Passwords()
  const oneTime = new OneTimeTokens()
  const catalogue = new PermissionCatalogue(options.pluginsOf)
  const operators = new Operators(settings)
  const sessions = new Sessions(tokens, changes, operators)
  const keyAuthenticator = new ApiKeyAuthenticator({ database, log, now: () => options.now() })
  const authenticator = new BearerAuthenticator({
    database,
    tokens,
    cache,
    operators,
    apiKeys: keyAuthenticator,
    now: () => options.now(),
  })
  const signIn = new SignIn({
    settings,
    tokens,
    sessions,
    oneTime,
    passwords,
    throttle,
    features,
    askLicence: options.askLicence,
  })
  const factor = new SecondFactor(sealer, settings.MFA_ISSUER)
  const watch = new RevisionWatch({
    database,
    name: 'access',
    log,
    seen: revision => cache.seen(revision),
    failed: () => cache.clear(),
  })
  return {
    authenticator,
    plugin: accessPlugin({
      dialect,
      settings,
      mail,
      sealer,
      oneTime,
      features,
      passwords,
      sessions,
      catalogue,
      signIn,
      throttle,
      federation: createFederation({
        settings,
        sealer,
        sessions,
        oneTime,
        signIn,
        catalogue,
        now: () => options.now(),
      }),
      mfa: new Mfa({ settings, authenticator, factor, oneTime, passwords, throttle, sessions, changes, signIn, mail }),
      users: new Users({ dialect, passwords, throttle, mail, oneTime, sessions, changes, catalogue }),
      groups: new Groups({ dialect, changes, catalogue }),
      apiKeys: new ApiKeys({ changes, catalogue }),
    }),
    passwords,
    onChange: listener => cache.onChange(listener),
    async start() {
      await watch.check()
      watch.start()
    },
    async stop() {
      await watch.stop()
      await keyAuthenticator.flush()
    },
  }
}
