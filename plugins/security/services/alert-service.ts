import { type Call, problem, type UserDirectory } from '../../../kernel/contract.ts'
import type { BulkReport, Closing } from '../alert.ts'
import { type AlertRow, toAlert } from '../repositories/alert-list.ts'
import type { AlertChange, AlertRepository } from '../repositories/alert-repository.ts'
import type { AlertNotices } from './alert-notices.ts'
import { dedupeKey } from './dedupe-key.ts'

interface Dependencies {
  readonly call: Call
  readonly alertRepository: AlertRepository
  readonly alertNotices: AlertNotices
  readonly users: UserDirectory
}

/** What people do with alerts. Every change is told to sockets. */
export class AlertService {
  readonly #call: Call
  readonly #alerts: AlertRepository
  readonly #dependencies: Dependencies

  constructor(dependencies: Dependencies) {
    this.#call = dependencies.call
    this.#alerts = dependencies.alertRepository
    this.#dependencies = dependencies
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<AlertRow> {
    const alert = await this.#alerts.find(id)
    if (!alert) throw problem('not_found', 'No alert has this id.')
    return alert
  }

  /** @throws Problem `not_found`, `stale`, or `conflict` unless it is open */
  async acknowledge(id: string, ifMatch: number | undefined): Promise<AlertRow> {
    const alert = await this.#at(id, ifMatch)
    if (alert.status !== 'open') throw problem('conflict', `This alert is ${alert.status} already.`)
    return this.#change(alert, this.#acknowledged(), 'security_alert.acknowledged')
  }

  /** @throws Problem `not_found`, `stale`, `invalid` for somebody who cannot log in, or `conflict` when it is closed */
  async assign(id: string, userId: string | null, ifMatch: number | undefined): Promise<AlertRow> {
    const alert = await this.#at(id, ifMatch)
    if (alert.status === 'closed') throw problem('conflict', 'This alert is closed; reopen it first.')
    if (userId !== null && !(await this.#dependencies.users.isActive(userId))) {
      const errors = [{ path: 'body.user_id', message: 'no active user has this id' }]
      throw problem('invalid', 'No active user has this id.', { errors })
    }
    const after = await this.#change(alert, { assignee_id: userId }, 'security_alert.assigned')
    if (userId !== alert.assignee_id) await this.#dependencies.alertNotices.assigned(after)
    return after
  }

  /** @throws Problem `not_found`, `stale`, or `conflict` when it is closed already */
  async close(id: string, closing: Closing, ifMatch: number | undefined): Promise<AlertRow> {
    const alert = await this.#at(id, ifMatch)
    if (alert.status === 'closed') throw problem('conflict', 'This alert is closed already.')
    return this.#change(alert, this.#closed(alert, closing), 'security_alert.closed')
  }

  /** @throws Problem `not_found`, `stale`, or `conflict` unless it is closed */
  async reopen(id: string, ifMatch: number | undefined): Promise<AlertRow> {
    const alert = await this.#at(id, ifMatch)
    if (alert.status !== 'closed') throw problem('conflict', `This alert is ${alert.status}, not closed.`)
    const nothing = { acknowledged_at: null, acknowledged_by: null, closed_at: null, closed_by: null }
    const change = { ...nothing, status: 'open', close_reason: null, close_note: null } as const
    return this.#change(alert, { ...change, dedupe_key: await this.#freeKey(alert) }, 'security_alert.reopened')
  }

  /**
   * Acknowledges several; those that are not open stay as they are.
   * @throws Problem `not_found` when one of them is not there: then nothing is changed
   */
  acknowledgeAll(ids: readonly string[]): Promise<BulkReport> {
    return this.#changeAll(ids, alert =>
      alert.status === 'open' ? [this.#acknowledged(), 'security_alert.acknowledged'] : undefined,
    )
  }

  /**
   * Closes several for one reason; those that are closed stay as they are.
   * @throws Problem `not_found` when one of them is not there: then nothing is changed
   */
  closeAll(ids: readonly string[], closing: Closing): Promise<BulkReport> {
    return this.#changeAll(ids, alert =>
      alert.status === 'closed' ? undefined : [this.#closed(alert, closing), 'security_alert.closed'],
    )
  }

  async #changeAll(
    ids: readonly string[],
    decide: (alert: AlertRow) => readonly [AlertChange, string] | undefined,
  ): Promise<BulkReport> {
    const alerts = await this.#alerts.byIds(ids)
    if (alerts.length < ids.length)
      throw problem('not_found', `${ids.length - alerts.length} of these alerts are not there.`)
    let changed = 0
    for (const alert of alerts) {
      const decision = decide(alert)
      if (!decision) continue
      await this.#change(alert, ...decision)
      changed += 1
    }
    return { changed, unchanged: alerts.length - changed }
  }

  #acknowledged(): AlertChange {
    return { status: 'acknowledged', acknowledged_at: this.#time, acknowledged_by: this.#call.actor.id }
  }

  /** What a device reports after this is a new alert; a CVE is told once, for ever. */
  #closed({ source, dedupe_key }: AlertRow, { reason, note }: Closing): AlertChange {
    return {
      status: 'closed',
      closed_at: this.#time,
      closed_by: this.#call.actor.id,
      close_reason: reason,
      close_note: note,
      dedupe_key: source === 'device' ? null : dedupe_key,
    }
  }

  /** The key under which a reopened alert counts repeats, unless a newer one does that. */
  async #freeKey(alert: AlertRow): Promise<string | null> {
    if (alert.source !== 'device') return alert.dedupe_key
    const key = dedupeKey(alert)
    return (await this.#alerts.byKeys([key])).length > 0 ? null : key
  }

  async #at(id: string, ifMatch: number | undefined): Promise<AlertRow> {
    const alert = await this.get(id)
    if (ifMatch !== undefined && ifMatch !== alert.revision) throw problem('stale')
    return alert
  }

  async #change(before: AlertRow, change: AlertChange, action: string): Promise<AlertRow> {
    if (!(await this.#alerts.change(before, change, this.#call.now()))) throw problem('stale')
    const row = await this.get(before.id)
    const after = toAlert(row)
    this.#call.audit({ action, resourceType: 'security_alert', resourceId: row.id, before: toAlert(before), after })
    this.#call.publish('security', 'alert', after)
    return row
  }

  get #time(): string {
    return this.#call.now().toISOString()
  }
}
