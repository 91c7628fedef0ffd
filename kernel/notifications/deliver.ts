import type { Call } from '../contract.ts'
import { newId } from '../data/id.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import type { NoticeKind } from './kinds.ts'
import type { QueuedNotice } from './notice.ts'
import type { NewNotification } from './notifications-channel.ts'
import { readWishes, wantsMail } from './preferences.ts'
import { dedupeKey } from './queue-notice.ts'
import { type Recipient, recipientsOf } from './recipients.ts'
import { unreadOf } from './unread.ts'

/** Mails that one user gets within an hour for notices; what comes beyond is in the list alone. */
export const MAILS_AN_HOUR = 20
const HOUR_MS = 3_600_000

/** What handing notices out works with. */
export interface DeliveryParts {
  readonly mail: MailQueue
  /** Address of the web application, without a slash at its end. */
  readonly appUrl: string
}

/** What came of a notice. */
export interface Delivered {
  told: number
  mailed: number
}

/**
 * Hands a notice out: a hundred users in one transaction, with their mails; their sockets hear of it after that. Who was
 * told by an earlier attempt is not told again.
 */
export async function deliver(
  call: Call,
  notice: QueuedNotice,
  kind: NoticeKind,
  parts: DeliveryParts,
): Promise<Delivered> {
  const delivered: Delivered = { told: 0, mailed: 0 }
  for await (const users of recipientsOf(call.db, notice.to)) {
    call.signal.throwIfAborted()
    const { told, mailed } = await call.db.transaction(() => tell(call, notice, kind, parts, users))
    delivered.told += told
    delivered.mailed += mailed
  }
  return delivered
}

async function tell(
  call: Call,
  notice: QueuedNotice,
  kind: NoticeKind,
  { mail, appUrl }: DeliveryParts,
  users: readonly Recipient[],
): Promise<Delivered> {
  const { db } = call
  if (users.length === 0) return { told: 0, mailed: 0 }
  await db.takeTurn('notifications')
  const known = await alreadyTold(db, notice, users)
  const fresh = users.filter(({ id }) => !known.has(id))
  if (fresh.length === 0) return { told: 0, mailed: 0 }
  const now = call.now()
  const mailed = await mailableOf(db, fresh, kind, now)
  const { title, body = null, path = null } = notice
  const shown = { kind: notice.kind, title, body, path, created_at: now.toISOString() }
  const stored = { ...shown, created_at: now, notice_id: notice.notice_id, dedupe_key: dedupeKey(notice) }
  const rows = fresh.map(({ id: user_id }) => ({ id: newId(), user_id, mailed: mailed.has(user_id), ...stored }))
  await db.table('notifications').insert(rows)
  for (const user of fresh) {
    if (mailed.has(user.id)) await mail.queue(db, mailOf(notice, kind, appUrl, user.email), now)
  }
  const unread = await unreadOf(
    db,
    fresh.map(({ id }) => id),
  )
  for (const { id, user_id } of rows) {
    const frame: NewNotification = { id, ...shown, unread: unread.get(user_id) ?? 1 }
    call.publish('notifications', 'notification', frame, { actors: [user_id] })
  }
  return { told: rows.length, mailed: mailed.size }
}

/** Who has this notice already, from an earlier attempt, or has not read one of the same key. */
async function alreadyTold(db: TenantDb, notice: QueuedNotice, users: readonly Recipient[]): Promise<Set<string>> {
  const key = dedupeKey(notice)
  const rows: { user_id: string }[] = await db
    .table('notifications')
    .whereIn(
      'user_id',
      users.map(({ id }) => id),
    )
    .where(either => {
      either.where('notice_id', notice.notice_id)
      if (key !== null) either.orWhere(same => same.where('dedupe_key', key).whereNull('read_at'))
    })
    .select('user_id')
  return new Set(rows.map(({ user_id }) => user_id))
}

/** Who gets this notice by mail: wants it, has an address that may be written to, and did not get many in the last hour. */
async function mailableOf(
  db: TenantDb,
  users: readonly Recipient[],
  kind: NoticeKind,
  now: Date,
): Promise<ReadonlySet<string>> {
  const ids = users.filter(({ mailable }) => mailable).map(({ id }) => id)
  if (ids.length === 0) return new Set()
  const settings: { user_id: string; notifications: string | null }[] = await db
    .table('user_settings')
    .whereIn('user_id', ids)
    .select('user_id', 'notifications')
  const wishes = new Map(settings.map(row => [row.user_id, readWishes(row.notifications)]))
  const wanting = ids.filter(id => wantsMail(wishes.get(id) ?? {}, kind))
  if (wanting.length === 0) return new Set()
  const counts: { user_id: string; mails: number }[] = await db
    .table('notifications')
    .whereIn('user_id', wanting)
    .where('created_at', '>', new Date(now.getTime() - HOUR_MS))
    .where('mailed', true)
    .groupBy('user_id')
    .select('user_id')
    .count({ mails: '*' })
  const mails = new Map(counts.map(row => [row.user_id, Number(row.mails)]))
  return new Set(wanting.filter(id => (mails.get(id) ?? 0) < MAILS_AN_HOUR))
}

const mailOf = ({ title, body, path }: QueuedNotice, kind: NoticeKind, appUrl: string, to: string) => ({
  to,
  subject: title,
  text: [
    ...(body === undefined ? [title] : body.split(/\n\s*\n/).map(part => part.trim())).filter(part => part !== ''),
    `You get this mail because mail is on for “${kind.title}” in your settings of notifications.`,
  ],
  ...(path === undefined ? {} : { action: { label: 'Open', url: appUrl + path } }),
})
