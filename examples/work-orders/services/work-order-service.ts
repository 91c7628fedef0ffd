import { type Call, problem } from '../../../kernel/contract.ts'
import type { SiteDirectory } from '../../../plugins/sites/public.ts'
import { workOrderDone } from '../public.ts'
import { toWorkOrder, type WorkOrderRepository, type WorkOrderRow } from '../repositories/work-order-repository.ts'
import type { WorkOrderSettings } from '../settings.ts'
import type { NewWorkOrder, WorkOrderChange } from '../work-order.ts'

const DAY_MS = 86_400_000

interface Dependencies {
  readonly call: Call
  readonly config: WorkOrderSettings
  readonly workOrderRepository: WorkOrderRepository
  readonly sites: SiteDirectory
}

/** What may be done with work orders. */
export class WorkOrderService {
  readonly #call: Call
  readonly #orders: WorkOrderRepository
  readonly #dependencies: Dependencies

  constructor(dependencies: Dependencies) {
    this.#call = dependencies.call
    this.#orders = dependencies.workOrderRepository
    this.#dependencies = dependencies
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<WorkOrderRow> {
    const order = await this.#orders.find(id)
    if (!order) throw problem('not_found', 'No work order has this id.')
    return order
  }

  async create({ title, site_id, due_on = this.#defaultDay() }: NewWorkOrder): Promise<WorkOrderRow> {
    if (site_id !== null) await this.#checkSite(site_id)
    const order = await this.get(await this.#orders.insert({ title, site_id, due_on }, this.#call.now()))
    const after = toWorkOrder(order)
    this.#call.audit({ action: 'work_order.created', resourceType: 'work_order', resourceId: order.id, after })
    return order
  }

  async update(id: string, change: WorkOrderChange, ifMatch: number | undefined): Promise<WorkOrderRow> {
    if (change.site_id) await this.#checkSite(change.site_id)
    return this.#change(await this.get(id), change, ifMatch, 'work_order.updated')
  }

  async complete(id: string, ifMatch: number | undefined): Promise<WorkOrderRow> {
    const before = await this.get(id)
    if (before.status === 'done') throw problem('conflict', 'This work order is done already.')
    const after = await this.#change(before, { status: 'done', overdue: false }, ifMatch, 'work_order.done')
    await this.#call.emit(workOrderDone, { work_order_id: id, site_id: after.site_id })
    return after
  }

  /** Marks what is overdue today, and tells those who manage work orders. */
  markOverdue(): Promise<{ marked: number }> {
    return this.#call.db.transaction(async () => {
      const marked = await this.#orders.markOverdue(this.#call.now().toISOString().slice(0, 10))
      if (marked > 0) {
        await this.#call.notify({
          kind: 'orders-overdue',
          to: { permission: 'work-orders:manage' },
          title: marked === 1 ? 'A work order is overdue' : `${marked} work orders are overdue`,
          path: '/work-orders?overdue=true',
          unique: 'overdue',
        })
      }
      return { marked }
    })
  }

  async #change(
    before: WorkOrderRow,
    change: Parameters<WorkOrderRepository['update']>[2],
    ifMatch: number | undefined,
    action: string,
  ): Promise<WorkOrderRow> {
    const { id, revision } = before
    if (ifMatch !== undefined && ifMatch !== revision) throw problem('stale')
    if (!(await this.#orders.update(id, revision, change, this.#call.now()))) throw problem('stale')
    const after = await this.get(id)
    const sides = { before: toWorkOrder(before), after: toWorkOrder(after) }
    this.#call.audit({ action, resourceType: 'work_order', resourceId: id, ...sides })
    return after
  }

  async #checkSite(id: string): Promise<void> {
    if (await this.#dependencies.sites.find(id)) return
    const errors = [{ path: 'body.site_id', message: 'no site has this id' }]
    throw problem('invalid', 'No site has this id.', { errors })
  }

  #defaultDay(): string {
    const days = this.#dependencies.config.WORK_ORDERS_DUE_DAYS
    return new Date(this.#call.now().getTime() + days * DAY_MS).toISOString().slice(0, 10)
  }
}
