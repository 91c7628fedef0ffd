import { newId } from '../data/id.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import type { Sealer } from '../secrets/sealed.ts'
import type { MailMessage, MailQueue } from './mail-queue.ts'

/** Keeps mails in the database until they are sent, sealed: the links in them are as good as passwords. */
export class StoredMail implements MailQueue {
  readonly #sealer: Sealer

  constructor(sealer: Sealer) {
    this.#sealer = sealer
  }

  async queue(db: PlatformDb | TenantDb, message: MailMessage, now: Date): Promise<void> {
    const id = newId()
    await db.table('mail_messages').insert({
      id,
      recipient: message.to,
      subject: message.subject,
      content: this.#sealer.seal('mail', JSON.stringify(message), id),
      created_at: now,
    })
  }
}
