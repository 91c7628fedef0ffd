import type { Knex } from 'knex'
import { newId } from '../data/id.ts'
import { PlatformDb } from '../data/platform-db.ts'
import { knexOf, type TenantDb } from '../data/tenant-db.ts'
import type { Sealer } from '../secrets/sealed.ts'
import type { MailMessage, MailQueue } from './mail-queue.ts'
import { oneLine } from './mail-text.ts'

/** The column `mail_messages.subject`. */
const LONGEST_SUBJECT = 300

/** What sending mails later needs. */
interface StoredMailParts {
  readonly sealer: Sealer
  /**
   * Queues a run of the job that sends, in this transaction.
   * @param tenantId whose transaction it is: it can only write rows that are the tenant's
   */
  enqueue(trx: Knex, tenantId: string | undefined): Promise<unknown>
  /** Says that a run was committed. */
  tell(): void
}

/** Keeps mails in the database until they are sent, sealed: the links in them are as good as passwords. */
export class StoredMail implements MailQueue {
  readonly #parts: StoredMailParts
  /** Transactions that have a run of the job already: it sends whatever there is. */
  readonly #told = new WeakSet<Knex>()

  constructor(parts: StoredMailParts) {
    this.#parts = parts
  }

  queue(db: PlatformDb | TenantDb, message: MailMessage, now: Date): Promise<void> {
    return db.transaction(async () => {
      const id = newId()
      await db.table('mail_messages').insert({
        id,
        // As mailboxes are counted; what is sealed has the address as it was given.
        recipient: message.to.toLowerCase(),
        subject: oneLine(message.subject, LONGEST_SUBJECT),
        content: this.#parts.sealer.seal('mail', JSON.stringify(message), id),
        due_at: now,
        created_at: now,
      })
      const [trx, tenantId] = db instanceof PlatformDb ? [db.knex, undefined] : [knexOf(db), db.tenantId]
      if (this.#told.has(trx)) return
      this.#told.add(trx)
      await this.#parts.enqueue(trx, tenantId)
      db.afterCommit(() => this.#parts.tell())
    })
  }
}
