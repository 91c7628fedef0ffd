import { z } from 'zod'
import { integer } from '../../config/setting.ts'

/** The settings of ingest. */
export const ingestSettings = z.object({
  INGEST_REQUESTS_PER_MINUTE: integer(1, 1_000_000, 'Batches that a device may send over HTTP in a minute.').default(
    600,
  ),
})

/** The settings of ingest, checked. */
export type IngestSettings = z.output<typeof ingestSettings>
