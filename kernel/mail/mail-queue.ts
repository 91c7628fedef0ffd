import type { PlatformDb } from '../data/platform-db.ts'
import type { TenantDb } from '../data/tenant-db.ts'

/** A mail to write: it is laid out as plain text and as HTML when it is queued. */
export interface MailMessage {
  /** One address. */
  readonly to: string
  readonly subject: string
  /** Paragraphs of plain text. */
  readonly text: readonly string[]
  /** The one thing to do, as a button and as a link. */
  readonly action?: { readonly label: string; readonly url: string }
}

/** Takes mails in; a job sends them. */
export interface MailQueue {
  /**
   * Queues a mail in the transaction under way: it is sent only if that commits, and then until the server took it.
   * With a `TenantDb` the mail is the tenant's, else the platform's.
   */
  queue(db: PlatformDb | TenantDb, message: MailMessage, now: Date): Promise<void>
}
