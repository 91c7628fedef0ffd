import { z } from 'zod'
import type { AccessKit } from './access-plugin.ts'
import { permissionsOf } from './authenticator.ts'
import type { PermissionCatalogue } from './permissions.ts'
import type { Sessions } from './sessions.ts'
import { findUser } from './user-directory.ts'

/** A log-in as the API shows it. */
export const sessionBody = z.object({
  id: z.string(),
  created_at: z.string(),
  last_used_at: z.string(),
  expires_at: z.string(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  methods: z.array(z.string()).describe('How it began (RFC 8176)'),
  current: z.boolean(),
})

interface UserSessionRoutesParts {
  readonly sessions: Sessions
  readonly catalogue: PermissionCatalogue
}

/** The log-ins of others. */
export function userSessionRoutes(kit: AccessKit, { sessions, catalogue }: UserSessionRoutesParts): void {
  kit.route('GET /users/:id/sessions', {
    summary: 'The open sessions of a user, the one used last first',
    permission: 'users:manage',
    returns: z.object({ items: z.array(sessionBody) }),
    handle: async ({ params }, { call }) => {
      const { body } = await findUser(call.db, params.id)
      return { items: await sessions.list(call.db, body.id, undefined, call.now()) }
    },
  })

  kit.route('DELETE /users/:id/sessions', {
    summary: 'End every session of a user',
    permission: 'users:manage',
    handle: async ({ params }, { call }) => {
      const { body } = await findUser(call.db, params.id)
      catalogue.requireHeld(
        call,
        (await permissionsOf(call.db, body.id)).granted,
        what => `This user has ${what}, which you do not have: you cannot end their sessions.`,
      )
      await sessions.endAll(call.db, body.id, call.now())
      call.audit({ action: 'user.sessions_ended', resourceType: 'user', resourceId: body.id })
    },
  })
}
