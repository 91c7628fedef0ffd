import { z } from 'zod'
import { type AnyPlugin, definePlugin, type Kit } from '../contract.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import type { Sealer } from '../secrets/sealed.ts'
import type { Features } from '../tenancy/features.ts'
import type { AccessSettings } from './access.ts'
import { authRoutes } from './auth-routes.ts'
import { groupRoutes } from './group-routes.ts'
import type { Groups } from './groups.ts'
import { meRoutes } from './me-routes.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import type { Passwords } from './passwords.ts'
import type { PermissionCatalogue } from './permissions.ts'
import type { Sessions } from './sessions.ts'
import type { SignIn } from './sign-in.ts'
import { userRoutes } from './user-routes.ts'
import type { Users } from './users.ts'

/** What the routes of access work with. */
export interface AccessParts {
  readonly settings: AccessSettings
  readonly mail: MailQueue
  readonly sealer: Sealer
  readonly oneTime: OneTimeTokens
  readonly features: Features
  readonly passwords: Passwords
  readonly sessions: Sessions
  readonly signIn: SignIn
  readonly catalogue: PermissionCatalogue
  readonly users: Users
  readonly groups: Groups
}

const permissions = {
  'users:read': 'View users',
  'users:manage': 'Create, change and deactivate users',
  'rbac:read': 'View groups and permissions',
  'rbac:manage': 'Change groups, their permissions and members',
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
    segments: ['auth', 'me', 'users', 'groups', 'rbac'],
    permissions,
    sharedTables: ['revisions'],
    setup(kit) {
      authRoutes(kit, parts)
      meRoutes(kit, parts)
      userRoutes(kit, parts)
      groupRoutes(kit, parts)
      kit.job('prune-sessions', {
        scope: 'platform',
        every: '1 day',
        data: z.object({}),
        run: async (_data, { call }) => ({ deleted: await parts.sessions.prune(call.db, call.now()) }),
      })
    },
  }) as unknown as AnyPlugin
