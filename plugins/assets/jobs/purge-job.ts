import { z } from 'zod'
import type { AssetKit } from '../plugin.ts'

const KEPT_MS = 7 * 86_400_000

/** Deletes files whose import never came to an end: cancelled, or failed each time. */
export function purgeJob(kit: AssetKit): void {
  kit.job('purge-imports', {
    scope: 'platform',
    data: z.strictObject({}),
    every: '1 day',
    async run(_data, { call }) {
      const before = new Date(call.now().getTime() - KEPT_MS)
      return { deleted: await call.db.table('asset_imports').where('created_at', '<', before).delete() }
    },
  })
}
