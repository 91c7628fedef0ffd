import { z } from 'zod'
import type { PlatformCall, RequestFacts } from '../../contract.ts'
import { problem } from '../../errors.ts'
import type { MailQueue } from '../../mail/mail-queue.ts'
import type { Sealer } from '../../secrets/sealed.ts'
import { emailAddress, emailKey } from '../email.ts'
import { tellByMail } from '../mfa/security-mails.ts'
import type { OneTimeTokens } from '../one-time-tokens.ts'
import { type Passwords, requireGoodPassword } from '../passwords.ts'
import type { Sessions } from '../sessions.ts'
import { type PolicySettings, requirePasswordOfTenant, requirePasswords } from '../tenant-policy.ts'
import type { AccountMails } from './account-mails.ts'
import { type AccountUser, accountUser, auditAs, userOfAddress } from './account-user.ts'
import { queueAccountWork } from './account-work.ts'
import { mayMail, queueSparingly } from './mail-allowance.ts'

/** Whose password is forgotten. */
export const forgottenPassword = z.strictObject({ email: emailAddress })

/** The token of a mail, and the new password. */
export const newPassword = z.strictObject({ token: z.string().max(200), password: z.string().max(1000) })

const HOUR_MS = 3_600_000

interface PasswordResetParts {
  readonly settings: PolicySettings
  readonly sealer: Sealer
  readonly mail: MailQueue
  readonly mails: AccountMails
  readonly oneTime: OneTimeTokens
  readonly passwords: Passwords
  readonly sessions: Sessions
}

/** A new password for whoever has the mailbox of an account. */
export class PasswordReset {
  readonly #parts: PasswordResetParts

  constructor(parts: PasswordResetParts) {
    this.#parts = parts
  }

  /** Notes that a password is forgotten. Whether there is such an account is looked up later, by a job. */
  async forgotten(call: PlatformCall, { email }: z.output<typeof forgottenPassword>): Promise<void> {
    requirePasswords(this.#parts.settings)
    await queueAccountWork(call, this.#parts.sealer, { kind: 'password-forgotten', email })
  }

  /** Sends the link, or says how the account logs in; nothing to whoever has none. */
  async sendLink(call: PlatformCall, email: string): Promise<void> {
    const { mail, mails, oneTime } = this.#parts
    const user = await userOfAddress(call.db, emailKey(email))
    if (!user?.active) return
    const db = call.db.forTenant(user.tenantId)
    const now = call.now()
    await call.db.transaction(async () => {
      if (!(await this.#mayHavePassword(call, user))) {
        await queueSparingly(mail, db, mails.noPassword(user.email), now)
        return
      }
      if (!(await mayMail(db, mails.resetPassword(user.email, ''), now))) return
      const token = await oneTime.issue(db, { userId: user.id, kind: 'password-reset', lifeMs: HOUR_MS }, now)
      await mail.queue(db, mails.resetPassword(user.email, token), now)
    })
  }

  /**
   * Sets the new password, once. All sessions and all open links of the user end. Nobody is logged in by it, so a second
   * factor is asked for as ever.
   * @throws Problem `invalid_token`, `invalid` for a bad password, `auth_policy_restricted`
   */
  async reset(call: PlatformCall, given: z.output<typeof newPassword>, request: RequestFacts): Promise<void> {
    const { settings, oneTime, passwords, sessions, mail } = this.#parts
    requirePasswords(settings)
    const now = call.now()
    const token = await oneTime.find(call.db, 'password-reset', given.token, now)
    const user = token && (await accountUser(call.db, token.userId))
    if (!token || !user?.active) throw problem('invalid_token')
    const db = call.db.forTenant(user.tenantId)
    await requirePasswordOfTenant(db, user.email)
    requireGoodPassword(given.password, user.email, 'body.password')
    const password_hash = await passwords.hash(given.password)
    await call.db.transaction(async () => {
      await sessions.endAll(db, user.id, now)
      if (!(await oneTime.use(db, token.id, now))) throw problem('invalid_token')
      await oneTime.revoke(db, user.id, now)
      const changes = { password_hash, updated_at: now, ...(user.verified ? {} : { email_verified_at: now }) }
      await db.table('users').where('id', user.id).update(changes)
      await auditAs(call, request, user, { action: 'user.password_reset', resourceType: 'user', resourceId: user.id })
      await tellByMail(mail, db, user.id, 'password-changed', now)
    })
  }

  /** Who has none logs in elsewhere; so does whoever's tenant wants it so. */
  async #mayHavePassword(call: PlatformCall, user: AccountUser): Promise<boolean> {
    if (!user.hasPassword) return false
    try {
      await requirePasswordOfTenant(call.db.forTenant(user.tenantId), user.email)
      return true
    } catch {
      return false
    }
  }
}
