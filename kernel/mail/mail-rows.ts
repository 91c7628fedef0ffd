import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'

/** A mail that is due. */
export interface DueMail {
  readonly id: string
  readonly recipient: string
  /** Sealed; null once it was sent or given up. */
  readonly content: string | null
  readonly attempts: number
  readonly created_at: string | Date
}

const MINUTE_MS = 60_000
/** How long a mail is tried. */
const PATIENCE_MS = 24 * 60 * MINUTE_MS
/** Longer than any attempt takes: who claimed a mail and is gone by then will not send it any more. */
const CLAIM_MS = 5 * MINUTE_MS
const LONGEST_PAUSE_MS = 60 * MINUTE_MS
/** How long mails may wait before somebody should know. */
const WORRY_MS = 30 * MINUTE_MS
/** How long it is known that a mail was sent. */
export const KEPT_MS = 30 * 24 * 60 * MINUTE_MS

/** The mails of everybody, as the job sees them. */
export class MailRows {
  readonly #db: PlatformDb
  readonly #now: () => Date

  constructor(db: PlatformDb, now: () => Date) {
    this.#db = db
    this.#now = now
  }

  due(limit: number): Promise<DueMail[]> {
    return this.#db
      .table('mail_messages')
      .select('id', 'recipient', 'content', 'attempts', 'created_at')
      .where('status', 'queued')
      .where('due_at', '<=', this.#now())
      .orderBy('due_at')
      .limit(limit)
  }

  /** Takes a mail for this process; false when another one has it. */
  async claim({ id, attempts }: DueMail): Promise<boolean> {
    const until = new Date(this.#now().getTime() + CLAIM_MS)
    const mine = this.#db.table('mail_messages').where({ id, attempts, status: 'queued' })
    return (await mine.update({ attempts: attempts + 1, due_at: until })) === 1
  }

  /** The mail is out: what it said is of no use to anybody here. */
  async sent({ id }: DueMail): Promise<void> {
    const values = { status: 'sent', sent_at: this.#now(), content: null, error: null }
    await this.#db.table('mail_messages').where({ id }).update(values)
  }

  /** Gives a mail up. */
  async fail({ id }: DueMail, error: string): Promise<void> {
    await this.#db.table('mail_messages').where({ id }).update({ status: 'failed', content: null, error })
  }

  /** Tries a claimed mail again after a pause, which grows from a minute to an hour; after a day it is given up. */
  async postpone(mail: DueMail, error: string): Promise<'failed' | 'later'> {
    const now = this.#now().getTime()
    if (now - new Date(mail.created_at).getTime() >= PATIENCE_MS) {
      await this.fail(mail, error)
      return 'failed'
    }
    const pause = Math.min(LONGEST_PAUSE_MS, MINUTE_MS * 2 ** mail.attempts)
    const due_at = new Date(now + pause)
    await this.#db.table('mail_messages').where({ id: mail.id, status: 'queued' }).update({ due_at, error })
    return 'later'
  }

  /** Forgets mails that are long over. */
  async prune(): Promise<number> {
    const before = new Date(this.#now().getTime() - KEPT_MS)
    return this.#db.table('mail_messages').where('created_at', '<', before).delete()
  }
}

const waiting = prepare<{ before: Date }, { total: number }>((from, v) =>
  from
    .table('mail_messages')
    .where('status', 'queued')
    .where('attempts', '>', 0)
    .where('created_at', '<', v.before)
    .count({ total: '*' }),
)

/** How many mails have been tried in vain for longer than half an hour. */
export async function longWaiting(db: PlatformDb, now: Date): Promise<number> {
  const counted = await db.first(waiting, { before: new Date(now.getTime() - WORRY_MS) })
  return Number(counted?.total)
}
