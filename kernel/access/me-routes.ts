import { z } from 'zod'
import type { Call } from '../contract.ts'
import { problem } from '../errors.ts'
import type { AccessKit, AccessParts } from './access-plugin.ts'
import { changeProfile, findOwnFields, ownFields, profileChanges } from './account/profile.ts'
import { permissionsOf } from './authenticator.ts'
import { signedInUser } from './signed-in-user.ts'
import { findUser, userWithGroups } from './user-directory.ts'
import { sessionBody } from './user-session-routes.ts'
import { passwordChange } from './users.ts'

const me = userWithGroups.extend({
  ...ownFields.shape,
  tenant: z.object({ id: z.string(), name: z.string(), account_name: z.string(), status: z.string() }),
  permissions: z.array(z.string()).describe('`*` alone: everything'),
})

/** What is about the user who is logged in. */
export function meRoutes(kit: AccessKit, { features, sessions, users, catalogue }: AccessParts): void {
  async function self(call: Call): Promise<z.output<typeof me>> {
    const user = signedInUser(call)
    const { body } = await findUser(call.db, user.id)
    const { granted } = await permissionsOf(call.db, user.id)
    const { id, name, account_name, status } = call.tenant
    return {
      ...body,
      ...(await findOwnFields(call.db, user.id)),
      tenant: { id, name, account_name, status },
      permissions: catalogue.expand(call.tenant.id, granted),
    }
  }

  kit.route('GET /me', {
    summary: 'The user who is logged in, with tenant, groups and permissions',
    permission: 'signed-in',
    returns: me,
    handle: (_input, { call }) => self(call),
  })

  kit.route('PATCH /me', {
    summary: 'Change your name, language or time zone',
    description: 'Null takes language or time zone back. `If-Match` takes the revision that `GET /users/:id` shows.',
    permission: 'signed-in',
    body: profileChanges,
    returns: me,
    handle: async ({ body, ifMatch }, { call }) => {
      await changeProfile(call, signedInUser(call).id, body, ifMatch)
      return self(call)
    },
  })

  kit.route('GET /me/features', {
    summary: 'Every known feature, and whether the tenant has it',
    permission: 'signed-in',
    returns: z.record(z.string(), z.boolean()),
    handle: (_input, { call }) => features.map(call.tenant.id),
  })

  kit.route('GET /me/sessions', {
    summary: 'Your open sessions, the one used last first',
    permission: 'signed-in',
    returns: z.object({ items: z.array(sessionBody) }),
    handle: async (_input, { call }) => {
      const user = signedInUser(call)
      return { items: await sessions.list(call.db, user.id, user.sessionId, call.now()) }
    },
  })

  kit.route('DELETE /me/sessions/:id', {
    summary: 'End one of your sessions',
    permission: 'signed-in',
    handle: async ({ params }, { call }) => {
      const user = signedInUser(call)
      const open = await sessions.list(call.db, user.id, user.sessionId, call.now())
      const ended = open.find(({ id }) => id === params.id)
      if (!ended) throw problem('not_found', 'You have no open session of this id.')
      await sessions.end(call.db, [ended.id], call.now())
      call.audit({ action: 'session.ended', resourceType: 'session', resourceId: ended.id })
    },
  })

  kit.route('POST /me/password', {
    summary: 'Change your password; your other sessions end',
    permission: 'signed-in',
    atomic: false,
    body: passwordChange,
    handle: ({ body }, { call }) => users.changePassword(call, signedInUser(call), body),
  })
}
