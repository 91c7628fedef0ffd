import type { Database } from '../../db/database.ts'
import type { AnyPlugin } from '../contract.ts'
import type { Log } from '../log/log.ts'
import type { Features } from '../tenancy/features.ts'
import { RevisionWatch } from '../tenancy/revision-watch.ts'
import { AccessChanges } from './access-changes.ts'
import { accessPlugin } from './access-plugin.ts'
import { BearerAuthenticator } from './authenticator.ts'
import { Groups } from './groups.ts'
import { Passwords } from './passwords.ts'
import { PermissionCatalogue, type PluginsOf } from './permissions.ts'
import type { Authenticator } from './principal.ts'
import { PrincipalCache } from './principal-cache.ts'
import { Sessions } from './sessions.ts'
import { SignIn, type SignInSettings } from './sign-in.ts'
import { Throttle } from './throttle.ts'
import { type TokenSettings, Tokens } from './tokens.ts'
import { Users } from './users.ts'

interface AccessOptions {
  readonly database: Database
  readonly log: Log
  now(): Date
  readonly settings: TokenSettings & SignInSettings & { readonly AUTH_POLICY: 'standard' | 'restricted' }
  readonly features: Features
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
  const { database, log, settings, features } = options
  const { dialect } = database
  const cache = new PrincipalCache()
  const changes = new AccessChanges(cache)
  const tokens = new Tokens(settings)
  const throttle = new Throttle()
  const passwords = options.passwords ?? new Passwords()
  const catalogue = new PermissionCatalogue(options.pluginsOf)
  const sessions = new Sessions(tokens, changes)
  const watch = new RevisionWatch({
    database,
    name: 'access',
    log,
    seen: revision => cache.seen(revision),
    failed: () => cache.clear(),
  })
  return {
    authenticator: new BearerAuthenticator({ database, tokens, cache, now: () => options.now() }),
    plugin: accessPlugin({
      settings,
      features,
      passwords,
      sessions,
      catalogue,
      signIn: new SignIn({ settings, tokens, sessions, passwords, throttle, features }),
      users: new Users({ dialect, passwords, throttle, sessions, changes, catalogue }),
      groups: new Groups({ dialect, changes, catalogue }),
    }),
    passwords,
    onChange: listener => cache.onChange(listener),
    async start() {
      await watch.check()
      watch.start()
    },
    stop: () => watch.stop(),
  }
}
