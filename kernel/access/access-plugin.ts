import { z } from 'zod'
import type { Dialect } from '../../db/database.ts'
import { type AnyPlugin, definePlugin, type Kit, userDirectory } from '../contract.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import type { Sealer } from '../secrets/sealed.ts'
import type { Features } from '../tenancy/features.ts'
import type { AccessSettings } from './access.ts'
import { accountParts } from './account/account-parts.ts'
import { accountRoutes } from './account/account-routes.ts'
import { inviteRoutes } from './account/invite-routes.ts'
import { profileRoutes } from './account/profile-routes.ts'
import { apiKeyRoutes } from './api-keys/api-key-routes.ts'
import type { ApiKeys } from './api-keys/api-keys.ts'
import { authRoutes } from './auth-routes.ts'
import { groupRoutes } from './group-routes.ts'
import type { Groups } from './groups.ts'
import { meRoutes } from './me-routes.ts'
import type { Mfa } from './mfa/mfa.ts'
import { mfaRoutes } from './mfa/mfa-routes.ts'
import type { Federation } from './oidc/federation.ts'
import { identityRoutes } from './oidc/identity-routes.ts'
import { oidcRoutes } from './oidc/oidc-routes.ts'
import { signInSettingsRoutes } from './oidc/settings-routes.ts'
import { pruneSignIns } from './oidc/sign-in-elsewhere.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import type { Passwords } from './passwords.ts'
import type { PermissionCatalogue } from './permissions.ts'
import { resealJob } from './reseal-job.ts'
import type { Sessions } from './sessions.ts'
import type { SignIn } from './sign-in.ts'
import type { Throttle } from './throttle.ts'
import { UserLookup } from './user-lookup.ts'
import { userRoutes } from './user-routes.ts'
import { userSessionRoutes } from './user-session-routes.ts'
import type { Users } from './users.ts'

/** What the routes of access work with. */
export interface AccessParts {
  readonly dialect: Dialect
  readonly settings: AccessSettings
  readonly mail: MailQueue
  readonly sealer: Sealer
  readonly oneTime: OneTimeTokens
  readonly features: Features
  readonly passwords: Passwords
  readonly sessions: Sessions
  readonly signIn: SignIn
  readonly throttle: Throttle
  readonly mfa: Mfa
  readonly federation: Federation
  readonly catalogue: PermissionCatalogue
  readonly users: Users
  readonly groups: Groups
  readonly apiKeys: ApiKeys
}

const permissions = {
  'users:read': 'View users',
  'users:invite': 'Invite users',
  'users:manage': 'Create, change and deactivate users',
  'rbac:read': 'View groups and permissions',
  'rbac:manage': 'Change groups, their permissions and members',
  'api-keys:manage': 'Make, change and revoke API keys',
  'settings:read': 'View settings',
  'settings:manage': 'Change settings',
} as const

type None = Record<never, never>

/** The kit of the access plugin. */
export type AccessKit = Kit<keyof typeof permissions, unknown, None, None, None>

/** Log-in, the user who is logged in, users, groups. */
export const accessPlugin = (parts: AccessParts): AnyPlugin =>
  definePlugin({
    name: 'access',
    version: '1.0.0',
    title: 'Users and access',
    segments: [
      'auth',
      'me',
      'users',
      'groups',
      'rbac',
      'api-keys',
      'settings/authentication',
      'settings/oidc',
      'settings/email-domains',
    ],
    permissions,
    sharedTables: ['revisions'],
    services: { userLookup: UserLookup },
    offers: { userLookup: userDirectory },
    setup(kit) {
      const account = accountParts(parts)
      authRoutes(kit, parts)
      accountRoutes(kit, parts, account)
      meRoutes(kit, parts)
      profileRoutes(kit, account)
      userRoutes(kit, parts)
      inviteRoutes(kit, account)
      groupRoutes(kit, parts)
      apiKeyRoutes(kit, parts)
      mfaRoutes(kit, parts)
      userSessionRoutes(kit, parts)
      oidcRoutes(kit, parts)
      signInSettingsRoutes(kit, parts)
      identityRoutes(kit, parts)
      resealJob(kit, parts)
      kit.job('prune-sessions', {
        scope: 'platform',
        every: '1 day',
        data: z.object({}),
        run: async (_data, { call }) => ({
          deleted: await parts.sessions.prune(call.db, call.now()),
          one_time_tokens: await parts.oneTime.prune(call.db, call.now()),
          sign_ins: await pruneSignIns(call.db, call.now()),
        }),
      })
      kit.job('prune-throttles', {
        scope: 'platform',
        every: '1 hour',
        data: z.object({}),
        run: async (_data, { call }) => ({ deleted: await parts.throttle.prune(call.db) }),
      })
    },
  }) as unknown as AnyPlugin
