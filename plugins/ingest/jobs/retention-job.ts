import { setTimeout as rest } from 'node:timers/promises'
import { z } from 'zod'
import type { IngestKit } from '../plugin.ts'

const DAY_MS = 86_400_000
/** Rows of one statement, and the rest after it, in which devices get their turn: about a million rows a minute. */
const AT_ONCE = 500
const REST_MS = 20

/** Deletes events that are older than the tenant wants them to be (contract 15.6). */
export function retentionJob(kit: IngestKit): void {
  kit.job('retention', {
    scope: 'tenant',
    permission: 'devices:read',
    data: z.strictObject({}),
    every: '0 2 * * *',
    timeoutMs: 6 * 3_600_000,
    async run(_data, { call, eventRepository, settingsRepository, progress }) {
      const { retention_days } = await settingsRepository.read()
      const before = new Date(call.now().getTime() - retention_days * DAY_MS)
      let deleted = 0
      for (let found = AT_ONCE; found === AT_ONCE; ) {
        call.signal.throwIfAborted()
        found = await eventRepository.deleteBefore(before, AT_ONCE)
        deleted += found
        progress({ done: deleted })
        if (found === AT_ONCE) await rest(REST_MS)
      }
      return { deleted, before: before.toISOString() }
    },
  })
}
