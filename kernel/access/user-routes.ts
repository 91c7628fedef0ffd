import { etagReply } from '../http/reply.ts'
import type { AccessKit, AccessParts } from './access-plugin.ts'
import { findUser, userBody, userList, userWithGroups } from './user-directory.ts'
import { newUser, userChanges } from './users.ts'

/** The users of the tenant. */
export function userRoutes(kit: AccessKit, { users }: AccessParts): void {
  kit.route('GET /users', {
    summary: 'List users',
    permission: 'users:read',
    query: userList.query,
    returns: userList.returns(userBody),
    handle: ({ query }, { call }) => userList.page(call.db, query),
  })

  kit.route('GET /users/:id', {
    summary: 'A user, with their groups',
    permission: 'users:read',
    returns: userWithGroups,
    handle: async ({ params }, { call }) => {
      const { body, revision } = await findUser(call.db, params.id as string)
      return etagReply(body, revision)
    },
  })

  kit.route('POST /users', {
    summary: 'Make a user with a first password, to be handed over in person',
    description: 'You can only put them in groups that hold no more than you do.',
    permission: 'users:manage',
    atomic: false,
    status: 201,
    body: newUser,
    returns: userWithGroups,
    handle: async ({ body }, { call }) => {
      const made = await users.create(call, body)
      return etagReply(made.body, made.revision)
    },
  })

  kit.route('PATCH /users/:id', {
    summary: 'Rename, deactivate or reactivate a user',
    description:
      'Deactivation ends their sessions. You cannot change somebody who has a permission that you lack, and the last ' +
      'active member of "Admin" cannot be deactivated.',
    permission: 'users:manage',
    body: userChanges,
    returns: userWithGroups,
    handle: async ({ params, body, ifMatch }, { call }) => {
      const { body: user, revision } = await users.update(call, params.id as string, body, ifMatch)
      return etagReply(user, revision)
    },
  })
}
