import { z } from 'zod'
import type { SnapKit } from '../plugin.ts'
import type { BlobStore } from '../stores/blob-store.ts'

/** Twice a day: removes what interrupted uploads left in the store. */
export function sweepJob(kit: SnapKit, store: BlobStore): void {
  kit.job('sweep', {
    scope: 'platform',
    every: '12 hours',
    data: z.object({}),
    retries: 0,
    run: async (_data, { sweep }) => ({ removed: await sweep.run(store) }),
  })
}
