import { setTimeout as rest } from 'node:timers/promises'
import { z } from 'zod'
import type { DeviceKit } from '../plugin.ts'

const DAY_MS = 86_400_000
/** Rows of one statement, and the rest after it, in which devices get their turn. */
const AT_ONCE = 500
const REST_MS = 20

/** Each night: deletes commands that have ended long ago. The audit log keeps who sent them. */
export function retention(kit: DeviceKit): void {
  kit.job('retention', {
    scope: 'platform',
    every: '0 2 * * *',
    data: z.object({}),
    timeoutMs: 6 * 3_600_000,
    async run(_data, { call, commandQueue, progress }) {
      const before = new Date(call.now().getTime() - kit.config.DEVICES_COMMAND_RETENTION_DAYS * DAY_MS)
      let deleted = 0
      for (let count = AT_ONCE; count === AT_ONCE; ) {
        call.signal.throwIfAborted()
        count = await call.db.transaction(() => commandQueue.deleteEnded(before, AT_ONCE))
        deleted += count
        progress({ done: deleted })
        if (count === AT_ONCE) await rest(REST_MS)
      }
      return { deleted, before: before.toISOString() }
    },
  })
}
