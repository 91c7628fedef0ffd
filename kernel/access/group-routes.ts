import { z } from 'zod'
import { etagReply } from '../http/reply.ts'
import type { AccessKit, AccessParts } from './access-plugin.ts'
import { type FoundGroup, findGroup, groupBody, groupList, groupWithMembers } from './group-directory.ts'
import { groupChanges, groupMembers, groupPermissions, newGroup } from './groups.ts'

const entry = z.object({
  key: z.string(),
  description: z.string(),
  plugin: z.string(),
  plugin_title: z.string(),
  feature: z.string().nullable(),
})

const answer = ({ body, row }: FoundGroup) => etagReply(body, row.revision)

/** Groups, what they may do, and who is in them (contract 15.2). */
export function groupRoutes(kit: AccessKit, { groups, catalogue }: AccessParts): void {
  kit.route('GET /rbac/permissions', {
    summary: 'What can be permitted, by the plugins that are on',
    permission: 'rbac:read',
    returns: z.object({ items: z.array(entry) }),
    handle: (_input, { call }) => ({ items: catalogue.entries(call.tenant.id) }),
  })

  kit.route('GET /groups', {
    summary: 'List groups',
    permission: 'rbac:read',
    query: groupList.query,
    returns: groupList.returns(groupBody),
    handle: ({ query }, { call }) => groupList.page(call.db, query),
  })

  kit.route('GET /groups/:id', {
    summary: 'A group, with its members',
    permission: 'rbac:read',
    returns: groupWithMembers,
    handle: async ({ params }, { call }) => answer(await findGroup(call.db, params.id as string)),
  })

  kit.route('POST /groups', {
    summary: 'Make a group',
    permission: 'rbac:manage',
    status: 201,
    body: newGroup,
    returns: groupWithMembers,
    handle: async ({ body }, { call }) => answer(await groups.create(call, body)),
  })

  kit.route('PATCH /groups/:id', {
    summary: 'Rename a group',
    permission: 'rbac:manage',
    body: groupChanges,
    returns: groupWithMembers,
    handle: async ({ params, body, ifMatch }, { call }) =>
      answer(await groups.rename(call, params.id as string, body, ifMatch)),
  })

  kit.route('DELETE /groups/:id', {
    summary: 'Delete a group; its members lose what it granted',
    description: 'Only a group that holds no more than you do.',
    permission: 'rbac:manage',
    handle: ({ params, ifMatch }, { call }) => groups.remove(call, params.id as string, ifMatch),
  })

  kit.route('PUT /groups/:id/permissions', {
    summary: 'Set what a group grants',
    description: 'You can only add and take away what you have yourself.',
    permission: 'rbac:manage',
    body: groupPermissions,
    returns: groupWithMembers,
    handle: async ({ params, body, ifMatch }, { call }) =>
      answer(await groups.setPermissions(call, params.id as string, body, ifMatch)),
  })

  kit.route('PUT /groups/:id/members', {
    summary: 'Set who is in a group',
    description: 'Only of a group that holds no more than you do. "Admin" keeps an active member.',
    permission: 'rbac:manage',
    body: groupMembers,
    returns: groupWithMembers,
    handle: async ({ params, body, ifMatch }, { call }) =>
      answer(await groups.setMembers(call, params.id as string, body, ifMatch)),
  })
}
