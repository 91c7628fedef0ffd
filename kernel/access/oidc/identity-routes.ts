import { z } from 'zod'
import { prepare } from '../../data/prepared.ts'
import { problem } from '../../errors.ts'
import type { AccessKit, AccessParts } from '../access-plugin.ts'
import { permissionsOf } from '../authenticator.ts'
import { findUser } from '../user-directory.ts'

const identity = z
  .object({
    id: z.string(),
    issuer: z.string(),
    subject: z.string(),
    last_used_at: z.string(),
    created_at: z.string(),
  })
  .meta({ id: 'UserIdentity' })

type Identity = z.output<typeof identity>

const identitiesOf = prepare<{ userId: string }, Identity>((from, v) =>
  from
    .table('user_identities')
    .select('id', 'issuer', 'subject', 'last_used_at', 'created_at')
    .where('user_id', v.userId)
    .orderBy('id'),
)

/** As whom the users of a tenant are known at identity providers. */
export function identityRoutes(kit: AccessKit, { catalogue }: AccessParts): void {
  kit.route('GET /users/:id/identities', {
    summary: 'As whom a user is known at identity providers',
    permission: 'users:read',
    returns: z.object({ items: z.array(identity) }),
    handle: async ({ params }, { call }) => {
      const { body } = await findUser(call.db, params.id)
      return { items: await call.db.all(identitiesOf, { userId: body.id }) }
    },
  })

  kit.route('DELETE /users/:id/identities/:identity_id', {
    summary: 'Forget as whom a user is known at an identity provider',
    description:
      'The next person who signs in there with the address of this user is linked to them: for users whom the provider has ' +
      'under a new subject.',
    permission: 'users:manage',
    handle: async ({ params }, { call }) => {
      const { body } = await findUser(call.db, params.id)
      catalogue.requireHeld(
        call,
        (await permissionsOf(call.db, body.id)).granted,
        what => `This user has ${what}, which you do not have: you cannot change how they sign in.`,
      )
      const found = await call.db.all(identitiesOf, { userId: body.id })
      const before = found.find(({ id }) => id === params.identity_id)
      if (!before) throw problem('not_found', 'The user has no identity of this id.')
      await call.db.table('user_identities').where('id', before.id).delete()
      call.audit({ action: 'user.identity_unlinked', resourceType: 'user', resourceId: body.id, before })
    },
  })
}
