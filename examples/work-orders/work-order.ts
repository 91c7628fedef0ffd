import { z } from 'zod'

const title = z.string().trim().min(1).max(200)
const site_id = z.guid().toLowerCase().nullable()
const due_on = z.iso.date()

/** A work order as the API shows it. */
export const WorkOrder = z
  .strictObject({
    id: z.string(),
    title: z.string(),
    site_id: z.string().nullable(),
    due_on: z.string().describe('A day, YYYY-MM-DD.'),
    status: z.enum(['open', 'done']),
    overdue: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'WorkOrder', description: 'Something that somebody has to do at a site by a certain day.' })

/** A new work order; without `due_on` it is due in WORK_ORDERS_DUE_DAYS days. */
export const NewWorkOrder = z.strictObject({ title, site_id: site_id.default(null), due_on: due_on.optional() })

/** Fields to change; what is left out stays as it is. */
export const WorkOrderChange = z
  .strictObject({ title, site_id, due_on })
  .partial()
  .refine(change => Object.keys(change).length > 0, 'name at least one field to change')

export type WorkOrder = z.output<typeof WorkOrder>
export type NewWorkOrder = z.output<typeof NewWorkOrder>
export type WorkOrderChange = z.output<typeof WorkOrderChange>
