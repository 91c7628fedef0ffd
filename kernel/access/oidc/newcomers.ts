import type { PlatformCall } from '../../contract.ts'
import { newId } from '../../data/id.ts'
import type { PlatformDb } from '../../data/platform-db.ts'
import { prepare } from '../../data/prepared.ts'
import type { TenantDb } from '../../data/tenant-db.ts'
import { Problem } from '../../errors.ts'
import { invitationOfToken } from '../account/invitation-rows.ts'
import { invitedGroups } from '../account/invited-groups.ts'
import { emailKey } from '../email.ts'
import type { PermissionCatalogue } from '../permissions.ts'
import { domainOf } from '../tenant-policy.ts'
import type { Person } from './claims.ts'
import type { Provider, ProviderDirectory } from './provider-directory.ts'

/** Somebody who comes from an identity provider. */
export interface Arriving {
  readonly provider: Provider
  readonly person: Person
  /** Brought along by whom was invited. */
  readonly invitationToken?: string | undefined
}

/** The tenant that a new user joins, and the invitation that is taken up with it. */
export interface Destination {
  readonly tenantId: string
  readonly invitation: Invitation | undefined
}

/** What a new user begins as. */
export interface NewUser {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly groups: readonly string[]
}

interface Invitation {
  readonly id: string
  readonly name: string | null
  readonly groupIds: readonly string[]
  readonly invitedBy: string | null
}

interface InvitationRow {
  id: string
  name: string | null
  group_ids: string
  invited_by: string | null
}

interface NewcomersParts {
  readonly directory: ProviderDirectory
  readonly catalogue: PermissionCatalogue
}

const invitationOfEmail = prepare<{ key: string; now: Date }, InvitationRow>((from, v) =>
  from
    .table('invitations')
    .select('id', 'name', 'group_ids', 'invited_by')
    .where('email_key', v.key)
    .whereNull('accepted_at')
    .whereNull('revoked_at')
    .where('expires_at', '>', v.now)
    .orderBy('created_at', 'desc')
    .limit(1),
)

/** Makes users for those who have none yet and sign in elsewhere. */
export class Newcomers {
  readonly #parts: NewcomersParts

  constructor(parts: NewcomersParts) {
    this.#parts = parts
  }

  /**
   * Where somebody belongs whose address was shown to be theirs: to the tenant whose provider this is, that invited them, or
   * that has verified the domain. Nobody is taken into another account than they asked for: an invitation elsewhere counts
   * only for who brings its token.
   */
  async destination(
    call: PlatformCall,
    { provider, invitationToken }: Arriving,
    email: string,
  ): Promise<Destination | undefined> {
    const invited = invitationToken === undefined ? undefined : await this.#invited(call, invitationToken, email)
    if (invited && (provider.tenantId ?? invited.tenantId) === invited.tenantId) return invited
    const tenantId = provider.tenantId ?? (await this.#parts.directory.ownerOf(call.db, domainOf(email)))?.tenantId
    if (tenantId === undefined) return undefined
    const values = { key: emailKey(email), now: call.now() }
    const row = await call.db.forTenant(tenantId).first(invitationOfEmail, values)
    return { tenantId, invitation: row && named(row) }
  }

  /** Makes the user, in the transaction under way: without groups, but for those of an invitation. */
  async create(
    { db: platform, now }: { readonly db: PlatformDb; readonly now: Date },
    { tenantId, invitation }: Destination,
    person: Person,
    email: string,
  ): Promise<NewUser> {
    const db = platform.forTenant(tenantId)
    const id = newId()
    const name = invitation?.name ?? person.name ?? email.slice(0, email.lastIndexOf('@'))
    const times = { email_verified_at: now, created_at: now, updated_at: now }
    await db.table('users').insert({ id, email, email_key: emailKey(email), name, password_hash: null, ...times })
    const groups = invitation ? await this.#takeUp(db, invitation, now) : []
    for (const group_id of groups) await db.table('user_groups').insert({ user_id: id, group_id })
    return { id, email, name, groups }
  }

  async #takeUp(db: TenantDb, invitation: Invitation, now: Date): Promise<string[]> {
    const open = db.table('invitations').where('id', invitation.id).whereNull('accepted_at').whereNull('revoked_at')
    if ((await open.update({ accepted_at: now })) !== 1) return []
    return invitedGroups(db, this.#parts.catalogue, invitation)
  }

  /** The invitation of a token, if it is for this address. One that is over counts for nothing. */
  async #invited(call: PlatformCall, token: string, email: string): Promise<Destination | undefined> {
    try {
      const invitation = await invitationOfToken(call.db, token, call.now())
      return emailKey(invitation.email) === emailKey(email) ? { tenantId: invitation.tenantId, invitation } : undefined
    } catch (error) {
      if (error instanceof Problem) return undefined
      throw error
    }
  }
}

const named = ({ id, name, group_ids, invited_by }: InvitationRow): Invitation => ({
  id,
  name,
  groupIds: JSON.parse(group_ids),
  invitedBy: invited_by,
})
