import { z } from 'zod'
import { eventRef } from '../../kernel/contract.ts'

/** Somebody has done a work order. */
export const workOrderDone = eventRef(
  'work-orders.order-done',
  z.object({ work_order_id: z.string(), site_id: z.string().nullable() }),
)
