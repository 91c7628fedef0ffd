import { z } from 'zod'
import type { SecurityKit } from '../plugin.ts'

const KEPT_MS = 7 * 86_400_000

/** Forgets which events were heard, long after they could come again. */
export function purgeJob(kit: SecurityKit): void {
  kit.job('purge-deliveries', {
    scope: 'platform',
    data: z.strictObject({}),
    every: '1 day',
    async run(_data, { call }) {
      const before = new Date(call.now().getTime() - KEPT_MS)
      return { deleted: await call.db.table('security_deliveries').where('heard_at', '<', before).delete() }
    },
  })
}
