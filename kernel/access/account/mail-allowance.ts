import type { PlatformDb } from '../../data/platform-db.ts'
import type { TenantDb } from '../../data/tenant-db.ts'
import type { MailMessage, MailQueue } from '../../mail/mail-queue.ts'

/** Mails of one kind that one address gets in an hour because somebody else wished so. */
const MOST_AN_HOUR = 3
const HOUR_MS = 3_600_000

/** Whether an address may get one more mail of this subject, so that nobody floods the mailbox of another. */
export async function mayMail(
  db: PlatformDb | TenantDb,
  { to, subject }: Pick<MailMessage, 'to' | 'subject'>,
  now: Date,
): Promise<boolean> {
  const since = new Date(now.getTime() - HOUR_MS)
  const mails = db
    .table('mail_messages')
    .where({ recipient: to.toLowerCase(), subject })
    .where('created_at', '>', since)
  const [row] = await mails.count({ total: '*' })
  return Number(row?.total) < MOST_AN_HOUR
}

/** Queues a mail that a stranger brought about, unless the address had its share. @returns whether it did */
export async function queueSparingly(
  mail: MailQueue,
  db: PlatformDb | TenantDb,
  message: MailMessage,
  now: Date,
): Promise<boolean> {
  if (!(await mayMail(db, message, now))) return false
  await mail.queue(db, message, now)
  return true
}
