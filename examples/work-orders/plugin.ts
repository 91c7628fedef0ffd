import path from 'node:path'
import { z } from 'zod'
import { definePlugin, etagReply } from '../../kernel/contract.ts'
import { siteDeleted, siteDirectory } from '../../plugins/sites/public.ts'
import { workOrderDone } from './public.ts'
import {
  toWorkOrder,
  WorkOrderRepository,
  type WorkOrderRow,
  workOrderList,
} from './repositories/work-order-repository.ts'
import { WorkOrderService } from './services/work-order-service.ts'
import { workOrderSettings } from './settings.ts'
import { NewWorkOrder, WorkOrder, WorkOrderChange } from './work-order.ts'

const show = (row: WorkOrderRow) => etagReply(toWorkOrder(row), row.revision)

export default definePlugin({
  name: 'work-orders',
  version: '1.0.0',
  title: 'Work orders',
  feature: 'work-orders',
  segments: ['work-orders'],
  permissions: {
    'work-orders:read': 'View work orders',
    'work-orders:manage': 'Add, change and complete work orders',
  },
  config: workOrderSettings,
  uses: { sites: siteDirectory },
  emits: [workOrderDone],
  notices: { 'orders-overdue': { title: 'Work orders are overdue', mail: true } },
  migrations: path.join(import.meta.dirname, 'migrations'),
  services: { workOrderRepository: WorkOrderRepository, workOrderService: WorkOrderService },
  setup(kit) {
    kit.route('GET /work-orders', {
      summary: 'Work orders',
      permission: 'work-orders:read',
      query: workOrderList.query,
      returns: workOrderList.returns(WorkOrder),
      handle: ({ query }, { call }) => workOrderList.page(call.db, query),
    })
    kit.route('POST /work-orders', {
      summary: 'Add a work order',
      permission: 'work-orders:manage',
      body: NewWorkOrder,
      returns: WorkOrder,
      status: 201,
      handle: async ({ body }, { workOrderService }) => show(await workOrderService.create(body)),
    })
    kit.route('GET /work-orders/:id', {
      summary: 'A work order',
      permission: 'work-orders:read',
      returns: WorkOrder,
      handle: async ({ params }, { workOrderService }) => show(await workOrderService.get(params.id)),
    })
    kit.route('PATCH /work-orders/:id', {
      summary: 'Change a work order',
      permission: 'work-orders:manage',
      body: WorkOrderChange,
      returns: WorkOrder,
      handle: async ({ params, body, ifMatch }, { workOrderService }) =>
        show(await workOrderService.update(params.id, body, ifMatch)),
    })
    kit.route('POST /work-orders/:id/complete', {
      summary: 'Say that a work order is done',
      permission: 'work-orders:manage',
      returns: WorkOrder,
      handle: async ({ params, ifMatch }, { workOrderService }) =>
        show(await workOrderService.complete(params.id, ifMatch)),
    })

    kit.job('mark-overdue', {
      scope: 'tenant',
      every: '1 hour',
      data: z.object({}),
      run: (_data, { workOrderService }) => workOrderService.markOverdue(),
    })

    kit.on(siteDeleted, ({ payload }, { workOrderRepository }) => workOrderRepository.forgetSite(payload.site_id))
  },
})
