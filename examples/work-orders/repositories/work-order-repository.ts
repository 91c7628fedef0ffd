import { contains, defineList, equals, newId, prepare, queryFlag, type TenantDb } from '../../../kernel/contract.ts'
import { WorkOrder, type WorkOrderChange } from '../work-order.ts'

/** A row of `work_orders`. SQLite has no booleans: `overdue` is 0 or 1 there. */
export interface WorkOrderRow extends Omit<WorkOrder, 'overdue'> {
  readonly overdue: unknown
  readonly revision: number
}

const columns = ['id', 'title', 'site_id', 'due_on', 'status', 'overdue', 'created_at', 'updated_at', 'revision']

/** The row as the API shows it. */
export const toWorkOrder = ({ revision: _, overdue, ...row }: WorkOrderRow): WorkOrder => ({
  ...row,
  overdue: Boolean(overdue),
})

/** The list of work orders: filters, orders and pages. */
export const workOrderList = defineList({
  table: 'work_orders',
  columns,
  sorts: { created_at: 'created_at', due_on: 'due_on' },
  defaultSort: 'due_on',
  filters: {
    q: contains('title'),
    status: equals('status', WorkOrder.shape.status),
    overdue: equals('overdue', queryFlag),
  },
  item: toWorkOrder,
})

const byId = prepare<{ id: string }, WorkOrderRow>((from, v) =>
  from
    .table('work_orders')
    .where('id', v.id)
    .select(...columns),
)

/** Work orders of the call's tenant. */
export class WorkOrderRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  find(id: string): Promise<WorkOrderRow | undefined> {
    return this.#db.first(byId, { id })
  }

  async insert(order: Pick<WorkOrder, 'title' | 'site_id' | 'due_on'>, now: Date): Promise<string> {
    const id = newId()
    await this.#db.table('work_orders').insert({ id, ...order, created_at: now, updated_at: now })
    return id
  }

  /** False when the work order is no longer at this revision. */
  async update(
    id: string,
    revision: number,
    change: WorkOrderChange & { status?: 'done'; overdue?: boolean },
    now: Date,
  ): Promise<boolean> {
    const changed = await this.#db
      .table('work_orders')
      .where({ id, revision })
      .update({ ...change, revision: revision + 1, updated_at: now })
    return changed > 0
  }

  /** Marks what is open and was due before `today` (YYYY-MM-DD). @returns how many */
  markOverdue(today: string): Promise<number> {
    return this.#db
      .table('work_orders')
      .where({ status: 'open', overdue: false })
      .where('due_on', '<', today)
      .update({ overdue: true })
  }

  /** Takes a site that is gone off its work orders. */
  async forgetSite(siteId: string): Promise<void> {
    await this.#db.table('work_orders').where({ site_id: siteId }).update({ site_id: null })
  }
}
