import { z } from 'zod'
import { integer } from '../../config/setting.ts'

/** The settings of the plugin, by the names of their environment variables. */
export const workOrderSettings = z.object({
  WORK_ORDERS_DUE_DAYS: integer(0, 365, 'Days until a work order is due that does not say when.').default(14),
})

/** The settings, checked. */
export type WorkOrderSettings = z.output<typeof workOrderSettings>
