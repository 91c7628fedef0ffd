import { z } from 'zod'
import type { Dialect } from '../../../db/database.ts'
import type { Call, PlatformCall, RequestFacts } from '../../contract.ts'
import { problem } from '../../errors.ts'
import type { MailQueue } from '../../mail/mail-queue.ts'
import type { Sealer } from '../../secrets/sealed.ts'
import { emailAddress, emailKey } from '../email.ts'
import type { OneTimeTokens } from '../one-time-tokens.ts'
import { provePassword } from '../password-proof.ts'
import type { Passwords } from '../passwords.ts'
import type { Sessions } from '../sessions.ts'
import type { SignedInUser } from '../signed-in-user.ts'
import { requirePasswordOfTenant } from '../tenant-policy.ts'
import type { Throttle } from '../throttle.ts'
import { findUser } from '../user-directory.ts'
import type { AccountMails } from './account-mails.ts'
import { accountUser, auditAs, userOfAddress } from './account-user.ts'
import { type AccountWork, queueAccountWork } from './account-work.ts'
import { mayMail, queueSparingly } from './mail-allowance.ts'

/** Another address for oneself, and the password to show that it is oneself. */
export const emailChange = z.strictObject({ new_email: emailAddress, password: z.string().max(1000) })

/**
 * The token of a mail, and the password: whoever reads the mail need not be whoever asked for it, and one click must not
 * give an account of somebody else the reader's address.
 */
export const mailedProof = z.strictObject({ token: z.string().max(200), password: z.string().max(1000) })

const DAY_MS = 86_400_000

interface EmailAddressesParts {
  readonly dialect: Dialect
  readonly sealer: Sealer
  readonly mail: MailQueue
  readonly mails: AccountMails
  readonly oneTime: OneTimeTokens
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly sessions: Sessions
}

type EmailChange = Extract<AccountWork, { kind: 'email-change' }>

/** Changing the address of an account. */
export class EmailAddresses {
  readonly #parts: EmailAddressesParts

  constructor(parts: EmailAddressesParts) {
    this.#parts = parts
  }

  /**
   * Asks for another address. Whether it is taken is looked up later, by a job, and told to its owner alone.
   * @throws Problem `forbidden` for a wrong password, and for who has none; `auth_policy_restricted`, `invalid`
   */
  async ask(call: Call, user: SignedInUser, { new_email, password }: z.output<typeof emailChange>): Promise<void> {
    const { sealer } = this.#parts
    const { email } = (await findUser(call.db, user.id)).body
    await this.#requirePassword(call, user.id)
    await requirePasswordOfTenant(call.db, new_email)
    await provePassword(this.#parts, call.db, user.id, password)
    if (emailKey(new_email) === emailKey(email)) {
      const errors = [{ path: 'body.new_email', message: 'is your address already' }]
      throw problem('invalid', 'This is your address already.', { errors })
    }
    const { tenant } = call
    await call.db.transaction(async () => {
      call.audit({
        action: 'user.email_change_asked',
        resourceType: 'user',
        resourceId: user.id,
        after: { email: new_email },
      })
      await queueAccountWork(call, sealer, {
        kind: 'email-change',
        tenantId: tenant.id,
        userId: user.id,
        sessionId: user.sessionId,
        email: new_email,
      })
    })
  }

  /** Sends the link to the new address, or tells the owner of a taken one; the present address is told in both cases. */
  async sendLink(call: PlatformCall, { tenantId, userId, sessionId, email }: EmailChange): Promise<void> {
    const { mail, mails, oneTime } = this.#parts
    const db = call.db.forTenant(tenantId)
    const now = call.now()
    await call.db.transaction(async () => {
      const user = await accountUser(call.db, userId)
      if (!user?.active) return
      await queueSparingly(mail, db, mails.emailChangeAsked(user.email, email), now)
      const owner = await userOfAddress(call.db, emailKey(email))
      if (owner) {
        await queueSparingly(mail, db, mails.addressWanted(owner.email), now)
        return
      }
      if (!(await mayMail(db, mails.confirmEmail(email, ''), now))) return
      await oneTime.revoke(db, userId, now, 'email-change')
      const data = { email, session_id: sessionId }
      const token = await oneTime.issue(db, { userId, kind: 'email-change', data, lifeMs: DAY_MS }, now)
      await mail.queue(db, mails.confirmEmail(email, token), now)
    })
  }

  /**
   * Changes the address, once its owner has shown that it is theirs. Every session ends but the one that asked, and every
   * other open link.
   * @throws Problem `invalid_token`; `forbidden` for a wrong password; `conflict` when somebody else has taken the address meanwhile
   */
  async confirm(call: PlatformCall, given: z.output<typeof mailedProof>, request: RequestFacts): Promise<void> {
    const { dialect, mail, mails, oneTime, sessions } = this.#parts
    const now = call.now()
    const found = await oneTime.find(call.db, 'email-change', given.token, now)
    const user = found && (await accountUser(call.db, found.userId))
    if (!found || !user?.active) throw problem('invalid_token')
    const { email, session_id } = changeData.parse(found.data)
    const db = call.db.forTenant(user.tenantId)
    await provePassword(this.#parts, db, user.id, given.password, request.address)
    try {
      await call.db.transaction(async () => {
        await sessions.endAll(db, user.id, now, session_id)
        if (!(await oneTime.use(db, found.id, now))) throw problem('invalid_token')
        await oneTime.revoke(db, user.id, now)
        await db
          .table('users')
          .where('id', user.id)
          .update({ email, email_key: emailKey(email), email_verified_at: now, email_set_by: null, updated_at: now })
          .increment('revision', 1)
        await auditAs(call, request, user, {
          action: 'user.email_changed',
          resourceType: 'user',
          resourceId: user.id,
          before: { email: user.email },
          after: { email },
        })
        await mail.queue(db, mails.emailChanged(user.email, email), now)
      })
    } catch (error) {
      throw dialect.isUniqueViolation(error) ? problem('conflict', 'Another account has this address by now.') : error
    }
  }

  async #requirePassword(call: Call, id: string): Promise<void> {
    const row: { password_hash: string | null } | undefined = await call.db
      .table('users')
      .where('id', id)
      .first('password_hash')
    if (row && row.password_hash !== null) return
    throw problem('forbidden', 'You log in with an identity provider: your address comes from there.')
  }
}

const changeData = z.object({ email: z.string(), session_id: z.string() })
