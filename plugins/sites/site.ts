import { z } from 'zod'
import { lineOfText } from '../../kernel/contract.ts'

const name = lineOfText(200)
const location = lineOfText(400).nullable()
const status = z.enum(['active', 'planned', 'inactive'])

/** A site as the API shows it. */
export const Site = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    location: z.string().nullable(),
    status,
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Site', description: 'A physical or logical location: the top grouping of assets.' })

/** A new site. */
export const NewSite = z.strictObject({ name, location: location.default(null), status: status.default('active') })

/** Fields to change; what is left out stays as it is. */
export const SiteChange = z
  .strictObject({ name, location, status })
  .partial()
  .refine(change => Object.keys(change).length > 0, 'name at least one field to change')

export type Site = z.output<typeof Site>
export type NewSite = z.output<typeof NewSite>
export type SiteChange = z.output<typeof SiteChange>
