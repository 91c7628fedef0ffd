import { z } from 'zod'
import type { Dialect } from '../../db/database.ts'
import type { Call } from '../contract.ts'
import { newId } from '../data/id.ts'
import { problem } from '../errors.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import type { AccessChanges } from './access-changes.ts'
import { permissionsOf } from './authenticator.ts'
import { requireAnAdmin } from './built-in-groups.ts'
import { emailAddress, emailKey } from './email.ts'
import { groupsToJoin } from './groups-to-join.ts'
import { tellByMail } from './mfa/security-mails.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import { provePassword } from './password-proof.ts'
import { type Passwords, requireGoodPassword } from './passwords.ts'
import type { PermissionCatalogue } from './permissions.ts'
import type { Sessions } from './sessions.ts'
import type { SignedInUser } from './signed-in-user.ts'
import type { Throttle } from './throttle.ts'
import { type FoundUser, findUser } from './user-directory.ts'

const name = z.string().trim().min(1).max(200)

/** A user that an administrator makes, with a password to hand over. */
export const newUser = z.strictObject({
  email: emailAddress,
  name,
  password: z.string().max(1000),
  group_ids: z.array(z.guid().toLowerCase()).max(100).default([]),
})

/** What can be changed about a user. */
export const userChanges = z
  .strictObject({ name: name.optional(), active: z.boolean().optional() })
  .refine(changes => Object.keys(changes).length > 0, 'name something to change')

/** Somebody's new password, and the present one to show that it is them. */
export const passwordChange = z.strictObject({
  current_password: z.string().max(1000),
  new_password: z.string().max(1000),
})

interface UsersParts {
  readonly dialect: Dialect
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly mail: MailQueue
  readonly oneTime: OneTimeTokens
  readonly sessions: Sessions
  readonly changes: AccessChanges
  readonly catalogue: PermissionCatalogue
}

/** The users of a tenant. */
export class Users {
  readonly #parts: UsersParts

  constructor(parts: UsersParts) {
    this.#parts = parts
  }

  /**
   * Makes a user. Opens its own transaction, once the password is hashed.
   * @throws Problem `conflict` for an e-mail that is taken, `forbidden` for groups that hold more than the caller
   */
  async create(call: Call, given: z.output<typeof newUser>): Promise<FoundUser> {
    requireGoodPassword(given.password, given.email, 'body.password')
    const groups = await groupsToJoin(call, this.#parts.catalogue, given.group_ids)
    const password_hash = await this.#parts.passwords.hash(given.password)
    const now = call.now()
    const id = newId()
    const { email } = given
    const times = { created_at: now, updated_at: now }
    try {
      return await call.db.transaction(async () => {
        await call.db.table('users').insert({
          id,
          email,
          email_key: emailKey(email),
          email_set_by: call.actor.id,
          name: given.name,
          password_hash,
          ...times,
        })
        for (const group_id of groups) await call.db.table('user_groups').insert({ user_id: id, group_id })
        const found = await findUser(call.db, id)
        call.audit({ action: 'user.created', resourceType: 'user', resourceId: id, after: found.body })
        return found
      })
    } catch (error) {
      if (!this.#parts.dialect.isUniqueViolation(error)) throw error
      throw problem('conflict', 'There is an account with this e-mail already.')
    }
  }

  /**
   * Changes name or state, in the call's transaction. Deactivation ends the user's sessions, and links that were sent to them.
   * @throws Problem `forbidden` for somebody who has what the caller lacks
   */
  async update(
    call: Call,
    id: string,
    changes: z.output<typeof userChanges>,
    ifMatch: number | undefined,
  ): Promise<FoundUser> {
    const { db } = call
    await this.#parts.changes.announce(db)
    const before = await findUser(db, id)
    this.#parts.catalogue.requireHeld(
      call,
      (await permissionsOf(db, id)).granted,
      what => `This user has ${what}, which you do not have: you cannot change them.`,
    )
    if (ifMatch !== undefined && ifMatch !== before.revision) throw problem('stale')
    const { name = before.body.name, active = before.body.active } = changes
    await db.table('users').where('id', id).update({ name, active, updated_at: call.now() }).increment('revision', 1)
    if (before.body.active && !active) {
      await this.#parts.sessions.endAll(db, id, call.now())
      await this.#parts.oneTime.revoke(db, id, call.now())
      await requireAnAdmin(db)
    }
    const after = await findUser(db, id)
    call.audit({ action: 'user.updated', resourceType: 'user', resourceId: id, before: before.body, after: after.body })
    return after
  }

  /**
   * Changes the caller's own password; their other sessions end, and links that whoever knew the old one may have asked for.
   * Opens its own transaction.
   * @throws Problem `invalid_credentials`, `too_many_requests`
   */
  async changePassword(call: Call, user: SignedInUser, given: z.output<typeof passwordChange>): Promise<void> {
    const { passwords, sessions } = this.#parts
    requireGoodPassword(given.new_password, (await findUser(call.db, user.id)).body.email, 'body.new_password')
    await provePassword(this.#parts, call.db, user.id, given.current_password)
    const password_hash = await passwords.hash(given.new_password)
    await call.db.transaction(async () => {
      await sessions.endAll(call.db, user.id, call.now(), user.sessionId)
      for (const kind of ['password-reset', 'email-change'] as const) {
        await this.#parts.oneTime.revoke(call.db, user.id, call.now(), kind)
      }
      await call.db.table('users').where('id', user.id).update({ password_hash, updated_at: call.now() })
      await tellByMail(this.#parts.mail, call.db, user.id, 'password-changed', call.now())
    })
    call.audit({ action: 'user.password_changed', resourceType: 'user', resourceId: user.id })
  }
}
