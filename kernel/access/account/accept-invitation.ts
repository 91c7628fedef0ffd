import { z } from 'zod'
import type { Dialect } from '../../../db/database.ts'
import type { PlatformCall, RequestFacts } from '../../contract.ts'
import { lineOfText } from '../../data/fields.ts'
import { newId } from '../../data/id.ts'
import { problem } from '../../errors.ts'
import type { Reply } from '../../http/reply.ts'
import { emailKey } from '../email.ts'
import { requireAllowedOrigin } from '../origin.ts'
import { type Passwords, requireGoodPassword } from '../passwords.ts'
import type { PermissionCatalogue } from '../permissions.ts'
import type { SignIn, SignInSettings } from '../sign-in.ts'
import { type PolicySettings, requirePasswordOfTenant, requirePasswords } from '../tenant-policy.ts'
import { auditAs } from './account-user.ts'
import { invitationOfToken, type OpenInvitation } from './invitation-rows.ts'
import { invitedGroups } from './invited-groups.ts'

/** Who somebody is who was invited, and their password. */
export const acceptance = z.strictObject({
  name: lineOfText(200).optional().describe('Default: the name in the invitation'),
  password: z.string().max(1000),
})

interface AcceptParts {
  readonly dialect: Dialect
  readonly settings: PolicySettings & SignInSettings
  readonly passwords: Passwords
  readonly catalogue: PermissionCatalogue
  readonly signIn: SignIn
}

/** Turning an invitation into a user. */
export class AcceptInvitation {
  readonly #parts: AcceptParts

  constructor(parts: AcceptParts) {
    this.#parts = parts
  }

  /**
   * Makes the user, with the groups of the invitation that there still are, and logs them in. The link shows that the
   * address is theirs.
   * @throws Problem `invalid_token`, `auth_policy_restricted`, `invalid`, `conflict` for an address that has an account
   */
  async accept(
    call: PlatformCall,
    token: string,
    given: z.output<typeof acceptance>,
    request: RequestFacts,
  ): Promise<Reply> {
    const { dialect, settings, passwords, signIn } = this.#parts
    requirePasswords(settings)
    requireAllowedOrigin(request, settings.ALLOW_ORIGINS)
    const invitation = await invitationOfToken(call.db, token, call.now())
    const { tenantId, email } = invitation
    await signIn.admit(tenantId)
    await requirePasswordOfTenant(call.db.forTenant(tenantId), email)
    const name = given.name ?? invitation.name
    if (name === null) {
      const errors = [{ path: 'body.name', message: 'is missing' }]
      throw problem('invalid', 'Say what your name is.', { errors })
    }
    requireGoodPassword(given.password, email, 'body.password')
    const password_hash = await passwords.hash(given.password)
    const userId = newId()
    try {
      await call.db.transaction(() => this.#join(call, invitation, { id: userId, name, password_hash }, request))
    } catch (error) {
      if (!dialect.isUniqueViolation(error)) throw error
      throw problem('conflict', 'There is an account with this e-mail already; log in with it.')
    }
    const entry = await signIn.enter(call, { userId, tenantId }, ['pwd'], request)
    return signIn.answer(entry, request)
  }

  async #join(
    call: PlatformCall,
    invitation: OpenInvitation,
    user: { readonly id: string; readonly name: string; readonly password_hash: string },
    request: RequestFacts,
  ): Promise<void> {
    const { id, tenantId, email, invitedBy } = invitation
    const db = call.db.forTenant(tenantId)
    const now = call.now()
    const open = db.table('invitations').where({ id }).whereNull('accepted_at').whereNull('revoked_at')
    if ((await open.update({ accepted_at: now })) !== 1) throw problem('invalid_token')
    await db.table('users').insert({
      ...user,
      email,
      email_key: emailKey(email),
      email_verified_at: now,
      created_at: now,
      updated_at: now,
    })
    const groups = await invitedGroups(db, this.#parts.catalogue, invitation)
    for (const group_id of groups) await db.table('user_groups').insert({ user_id: user.id, group_id })
    await auditAs(
      call,
      request,
      { id: user.id, tenantId },
      {
        action: 'invitation.accepted',
        resourceType: 'user',
        resourceId: user.id,
        after: { email, name: user.name, group_ids: groups, invitation_id: id, invited_by: invitedBy },
      },
    )
  }
}
