import { asLine, type Call } from '../../../kernel/contract.ts'
import type { AlertRow } from '../repositories/alert-list.ts'
import type { AlertRepository } from '../repositories/alert-repository.ts'

/** Severities that somebody is told of. */
export const SEVERE = ['critical', 'high'] as const
/** Alerts of a tenant that are told one by one within an hour of the clock. */
export const MOST_ALONE = 5

const HOUR_MS = 3_600_000
const LONGEST_TITLE = 300

/** What the plugin tells users of; see `call.notify`. */
export const alertNoticeKinds = {
  'alert-raised': { title: 'A severe security alert was raised', mail: true },
  'alert-assigned': { title: 'A security alert was given to you', mail: true },
} as const

interface Dependencies {
  readonly call: Call
  readonly alertRepository: AlertRepository
}

/** Tells people of alerts. */
export class AlertNotices {
  readonly #call: Call
  readonly #alerts: AlertRepository

  constructor({ call, alertRepository }: Dependencies) {
    this.#call = call
    this.#alerts = alertRepository
  }

  /**
   * Tells those who work on alerts of severe ones that were just stored: of the first five in an hour one by one, then once
   * that there are more, then of nothing until the hour is over. A storm of alerts is no storm of mails.
   */
  async raised(added: readonly AlertRow[]): Promise<void> {
    const severe = added.filter(({ severity }) => (SEVERE as readonly string[]).includes(severity))
    if (severe.length === 0) return
    const hour = new Date(Math.floor(this.#call.now().getTime() / HOUR_MS) * HOUR_MS)
    const before = await this.#before(severe, hour)
    for (const alert of severe.slice(0, Math.max(0, MOST_ALONE - before))) await this.#tellOf(alert)
    if (before <= MOST_ALONE && before + severe.length > MOST_ALONE) await this.#tellOfMore(hour)
  }

  /** Tells somebody that an alert is theirs now, unless they took it themselves. */
  async assigned({ id, title, severity, assignee_id }: AlertRow): Promise<void> {
    if (assignee_id === null || assignee_id === this.#call.actor.id) return
    await this.#call.notify({
      kind: 'alert-assigned',
      to: { users: [assignee_id] },
      title: asLine(`For you: ${title}`, LONGEST_TITLE),
      body: `A security alert of severity ${severity} was given to you.`,
      path: `/security/alerts/${id}`,
      unique: id,
    })
  }

  /** Severe alerts of the hour before these; not counted further than matters. */
  async #before(severe: readonly AlertRow[], hour: Date): Promise<number> {
    const own = new Set(severe.map(({ id }) => id))
    const ids = await this.#alerts.raisedSince(hour, SEVERE, MOST_ALONE + 1 + own.size)
    return ids.filter(id => !own.has(id)).length
  }

  async #tellOf({ id, title, severity, description }: AlertRow): Promise<void> {
    await this.#call.notify({
      kind: 'alert-raised',
      to: { permission: 'security:manage' },
      title: asLine(`${severity === 'critical' ? 'Critical' : 'High'}: ${title}`, LONGEST_TITLE),
      ...(description === null ? {} : { body: description.slice(0, 1_000).toWellFormed() }),
      path: `/security/alerts/${id}`,
      unique: id,
    })
  }

  async #tellOfMore(hour: Date): Promise<void> {
    const clock = (time: Date): string => time.toISOString().slice(11, 16)
    const end = new Date(hour.getTime() + HOUR_MS)
    await this.#call.notify({
      kind: 'alert-raised',
      to: { permission: 'security:manage' },
      title: `More than ${MOST_ALONE} severe security alerts since ${clock(hour)} UTC`,
      body: `Those that come before ${clock(end)} UTC are in the list of alerts alone.`,
      path: '/security/alerts',
      unique: `more since ${hour.toISOString()}`,
    })
  }
}
