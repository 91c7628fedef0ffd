import type { AccessKit } from '../access-plugin.ts'
import type { AccountParts } from './account-parts.ts'
import { findInvitation, invitationBody, invitationList } from './invitation-rows.ts'
import { newInvitation } from './invitations.ts'

/** Inviting people into the tenant. */
export function inviteRoutes(kit: AccessKit, { invitations }: AccountParts): void {
  kit.route('POST /users/invite', {
    summary: 'Invite somebody by e-mail',
    description:
      'They get a link that works once, for seven days. You can only put them in groups that hold no more than you do. ' +
      'Inviting an address again makes the link before worthless.',
    permission: 'users:invite',
    limit: { perMinute: 60 },
    status: 201,
    body: newInvitation,
    returns: invitationBody,
    handle: ({ body }, { call }) => invitations.invite(call, body),
  })

  kit.route('GET /users/invitations', {
    summary: 'Invitations that nobody has accepted yet',
    permission: 'users:invite',
    query: invitationList.query,
    returns: invitationList.returns(invitationBody),
    handle: ({ query }, { call }) => invitationList.page(call.db, query),
  })

  kit.route('GET /users/invitations/:id', {
    summary: 'An invitation that nobody has accepted yet',
    permission: 'users:invite',
    returns: invitationBody,
    handle: ({ params }, { call }) => findInvitation(call.db, params.id),
  })

  kit.route('DELETE /users/invitations/:id', {
    summary: 'Withdraw an invitation; its link is worthless from then on',
    permission: 'users:invite',
    handle: ({ params }, { call }) => invitations.withdraw(call, params.id),
  })

  kit.route('POST /users/invitations/:id/resend', {
    summary: 'Send an invitation again, with a new link for seven more days',
    permission: 'users:invite',
    limit: { perMinute: 60 },
    returns: invitationBody,
    handle: ({ params }, { call }) => invitations.resend(call, params.id),
  })
}
