import { z } from 'zod'
import type { Call, PlatformCall } from '../../contract.ts'
import { lineOfText } from '../../data/fields.ts'
import { newId } from '../../data/id.ts'
import type { TenantDb } from '../../data/tenant-db.ts'
import { problem } from '../../errors.ts'
import type { MailQueue } from '../../mail/mail-queue.ts'
import type { Sealer } from '../../secrets/sealed.ts'
import { emailAddress, emailKey } from '../email.ts'
import { groupsToJoin } from '../groups-to-join.ts'
import type { PermissionCatalogue } from '../permissions.ts'
import type { AccountMails, InvitationMail } from './account-mails.ts'
import { userOfAddress } from './account-user.ts'
import { type AccountWork, queueAccountWork } from './account-work.ts'
import { findInvitation, type InvitationBody, newToken } from './invitation-rows.ts'

/** Whom to invite, and into which groups. */
export const newInvitation = z.strictObject({
  email: emailAddress,
  name: lineOfText(200).optional(),
  group_ids: z.array(z.guid().toLowerCase()).max(100).default([]),
})

const LIFE_MS = 7 * 86_400_000
/** Mails that an account sends to one address in an hour. */
const MOST_AN_HOUR = 5
const HOUR_MS = 3_600_000
/** Invitations that an account makes in a day: each is a mail to somebody who may never have heard of us. */
const MOST_A_DAY = 1_000

interface InvitationsParts {
  readonly sealer: Sealer
  readonly mail: MailQueue
  readonly mails: AccountMails
  readonly catalogue: PermissionCatalogue
}

/** Inviting people into a tenant. What becomes of an invitation is `AcceptInvitation`'s. */
export class Invitations {
  readonly #parts: InvitationsParts

  constructor(parts: InvitationsParts) {
    this.#parts = parts
  }

  /**
   * Invites an address, in the call's transaction. An earlier invitation of it is dead from then on. Whether the address has
   * an account elsewhere is looked up later, by a job, and told to its owner alone.
   * @throws Problem `conflict` for a user of this tenant, `forbidden` for groups that hold more than the caller
   */
  async invite(call: Call, given: z.output<typeof newInvitation>): Promise<InvitationBody> {
    const { db } = call
    const now = call.now()
    const { email, name } = given
    const email_key = emailKey(email)
    const group_ids = await groupsToJoin(call, this.#parts.catalogue, given.group_ids)
    await db.takeTurn('invitations')
    if (await db.table('users').where({ email_key }).first('id')) {
      throw problem('conflict', 'There is a user with this e-mail already.')
    }
    await requireFewMails(db, email, now)
    await requireFewInvitations(db, now)
    const { token, token_hash } = newToken()
    const id = newId()
    await open(db).where({ email_key }).update({ revoked_at: now })
    await db.table('invitations').insert({
      id,
      email,
      email_key,
      name: name ?? null,
      group_ids: JSON.stringify(group_ids),
      token_hash,
      invited_by: call.actor.kind === 'user' ? call.actor.id : null,
      expires_at: new Date(now.getTime() + LIFE_MS),
      created_at: now,
    })
    await this.#queueMail(call, id, token)
    const made = await findInvitation(db, id)
    call.audit({ action: 'invitation.created', resourceType: 'invitation', resourceId: id, after: made })
    return made
  }

  /** Makes an invitation worthless. @throws Problem `not_found` */
  async withdraw(call: Call, id: string): Promise<void> {
    const before = await findInvitation(call.db, id)
    if ((await open(call.db).where({ id }).update({ revoked_at: call.now() })) !== 1) throw problem('not_found')
    call.audit({ action: 'invitation.withdrawn', resourceType: 'invitation', resourceId: id, before })
  }

  /**
   * Sends an invitation again, with a new link and for seven more days: the link before is dead. Whoever does so answers for
   * its groups as whoever invited.
   * @throws Problem `not_found`, `forbidden`, `too_many_requests`
   */
  async resend(call: Call, id: string): Promise<InvitationBody> {
    const { db } = call
    const now = call.now()
    const before = await findInvitation(db, id)
    const kept = await existing(db, before.group_ids)
    await groupsToJoin(call, this.#parts.catalogue, kept)
    await requireFewMails(db, before.email, now)
    const { token, token_hash } = newToken()
    const expires_at = new Date(now.getTime() + LIFE_MS)
    const invited_by = call.actor.kind === 'user' ? call.actor.id : null
    const changes = { token_hash, expires_at, invited_by, group_ids: JSON.stringify(kept) }
    if ((await open(db).where({ id }).update(changes)) !== 1) throw problem('not_found')
    await this.#queueMail(call, id, token)
    const after = await findInvitation(db, id)
    call.audit({ action: 'invitation.resent', resourceType: 'invitation', resourceId: id, before, after })
    return after
  }

  /** Sends the mail of an invitation: without the link to whoever has an account elsewhere. */
  async sendLink(call: PlatformCall, work: Extract<AccountWork, { kind: 'invitation' }>): Promise<void> {
    const { mail, mails } = this.#parts
    const db = call.db.forTenant(work.tenantId)
    await call.db.transaction(async () => {
      const invited: { email: string; invited_by: string | null } | undefined = await open(db)
        .where('id', work.invitationId)
        .first('email', 'invited_by')
      const tenant = call.tenant(work.tenantId)
      if (!invited || !tenant) return
      const to: InvitationMail = {
        to: invited.email,
        tenantName: tenant.name,
        inviter: await nameOf(db, invited.invited_by),
      }
      // Requests that came at the same moment did not see each other's mails.
      if ((await mailsOfHour(db, invited.email, call.now())) >= MOST_AN_HOUR) return
      const taken = await userOfAddress(call.db, emailKey(invited.email))
      await mail.queue(db, taken ? mails.invitedElsewhere(to) : mails.invitation(to, work.token), call.now())
    })
  }

  #queueMail(call: Call, invitationId: string, token: string): Promise<void> {
    return queueAccountWork(call, this.#parts.sealer, {
      kind: 'invitation',
      tenantId: call.tenant.id,
      invitationId,
      token,
    })
  }
}

const open = (db: TenantDb) => db.table('invitations').whereNull('accepted_at').whereNull('revoked_at')

async function existing(db: TenantDb, ids: readonly string[]): Promise<string[]> {
  const rows: { id: string }[] = await db.table('groups').whereIn('id', ids).select('id')
  return rows.map(({ id }) => id)
}

async function nameOf(db: TenantDb, userId: string | null): Promise<string | undefined> {
  if (userId === null) return undefined
  const row: { name: string } | undefined = await db.table('users').where('id', userId).first('name')
  return row?.name
}

/** How many mails a tenant has sent to an address in the last hour. */
async function mailsOfHour(db: TenantDb, recipient: string, now: Date): Promise<number> {
  const since = new Date(now.getTime() - HOUR_MS)
  const [row] = await db
    .table('mail_messages')
    .where({ recipient: recipient.toLowerCase() })
    .where('created_at', '>', since)
    .count({ total: '*' })
  return Number(row?.total)
}

/** @throws Problem `too_many_requests` */
async function requireFewMails(db: TenantDb, recipient: string, now: Date): Promise<void> {
  if ((await mailsOfHour(db, recipient, now)) < MOST_AN_HOUR) return
  throw problem('too_many_requests', 'This address was written to often in the last hour. Try again later.', {
    headers: { 'Retry-After': '3600' },
  })
}

/** @throws Problem `too_many_requests` */
async function requireFewInvitations(db: TenantDb, now: Date): Promise<void> {
  const since = new Date(now.getTime() - 24 * HOUR_MS)
  const [row] = await db.table('invitations').where('created_at', '>', since).count({ total: '*' })
  if (Number(row?.total) < MOST_A_DAY) return
  throw problem('too_many_requests', `An account invites ${MOST_A_DAY} people a day at most. Try again tomorrow.`, {
    headers: { 'Retry-After': '3600' },
  })
}
