import { z } from 'zod'
import { type AnyPlugin, definePlugin } from './contract.ts'
import { purgeIdempotencyKeys } from './http/idempotency.ts'

/** What the kernel tidies up by itself. */
export function upkeepPlugin(): AnyPlugin {
  return definePlugin({
    name: 'upkeep',
    version: '1.0.0',
    title: 'Upkeep',
    segments: [],
    setup(kit) {
      kit.job('purge-idempotency-keys', {
        scope: 'platform',
        data: z.object({}),
        every: '1 hour',
        async run(_data, { call }) {
          while (await purgeIdempotencyKeys(call.db, call.now())) call.signal.throwIfAborted()
        },
      })
    },
  }) as unknown as AnyPlugin
}
