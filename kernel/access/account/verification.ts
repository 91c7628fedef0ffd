import type { z } from 'zod'
import type { PlatformCall, RequestFacts } from '../../contract.ts'
import type { TenantDb } from '../../data/tenant-db.ts'
import { problem } from '../../errors.ts'
import type { MailQueue } from '../../mail/mail-queue.ts'
import { emailKey } from '../email.ts'
import type { OneTimeTokens } from '../one-time-tokens.ts'
import { provePassword } from '../password-proof.ts'
import type { Passwords } from '../passwords.ts'
import type { Throttle } from '../throttle.ts'
import type { AccountMails } from './account-mails.ts'
import { accountUser, auditAs } from './account-user.ts'
import type { mailedProof } from './email-addresses.ts'
import { mayMail } from './mail-allowance.ts'

const LIFE_MS = 3 * 86_400_000

interface VerificationParts {
  readonly mail: MailQueue
  readonly mails: AccountMails
  readonly oneTime: OneTimeTokens
  readonly passwords: Passwords
  readonly throttle: Throttle
}

/** Shows that the address somebody registered with is theirs. */
export class Verification {
  readonly #parts: VerificationParts

  constructor(parts: VerificationParts) {
    this.#parts = parts
  }

  /** Sends the link, in the transaction under way, unless the address had its share of them. */
  async send(db: TenantDb, userId: string, email: string, now: Date): Promise<void> {
    const { mail, mails, oneTime } = this.#parts
    if (!(await mayMail(db, mails.verifyEmail(email, ''), now))) return
    const data = { email_key: emailKey(email) }
    const token = await oneTime.issue(db, { userId, kind: 'email-verify', data, lifeMs: LIFE_MS }, now)
    await mail.queue(db, mails.verifyEmail(email, token), now)
  }

  /** Sends the link again; nothing when the address is known to be theirs. */
  async sendAgain(db: TenantDb, userId: string, now: Date): Promise<void> {
    const user: { email: string; email_verified_at: string | null } | undefined = await db
      .table('users')
      .where('id', userId)
      .first('email', 'email_verified_at')
    if (user && user.email_verified_at === null) await this.send(db, userId, user.email, now)
  }

  /** @throws Problem `invalid_token`; `forbidden` for a wrong password, `too_many_requests` */
  async verify(call: PlatformCall, given: z.output<typeof mailedProof>, request: RequestFacts): Promise<void> {
    const { oneTime } = this.#parts
    const now = call.now()
    const found = await oneTime.find(call.db, 'email-verify', given.token, now)
    const user = found && (await accountUser(call.db, found.userId))
    if (!found || !user?.active || found.data.email_key !== emailKey(user.email)) throw problem('invalid_token')
    const db = call.db.forTenant(user.tenantId)
    await provePassword(this.#parts, db, user.id, given.password, request.address)
    await call.db.transaction(async () => {
      if (!(await oneTime.use(db, found.id, now))) throw problem('invalid_token')
      await oneTime.revoke(db, user.id, now, 'email-verify')
      await db.table('users').where('id', user.id).update({ email_verified_at: now, updated_at: now })
      await auditAs(call, request, user, { action: 'user.email_verified', resourceType: 'user', resourceId: user.id })
    })
  }
}
