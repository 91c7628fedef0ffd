import { z } from 'zod'
import { kindNames } from './event-kinds.ts'

/** An event as users see it. */
export const IngestEvent = z
  .strictObject({
    id: z.string(),
    device_id: z.string(),
    event_id: z.string().nullable().describe('The id that the device gave it.'),
    kind: z.enum(kindNames),
    timestamp: z.string().describe("The device's time, in UTC."),
    data: z.record(z.string(), z.unknown()),
    received_at: z.string().describe('When it came in.'),
  })
  .meta({ id: 'IngestEvent', description: 'An event that a device sent.' })

/** What a tenant decides about events. */
export const IngestTenantSettings = z
  .strictObject({ retention_days: z.int().min(1).max(365).describe('Days that events are kept after they came in.') })
  .meta({ id: 'IngestSettings' })

export type IngestEvent = z.output<typeof IngestEvent>
export type IngestTenantSettings = z.output<typeof IngestTenantSettings>
