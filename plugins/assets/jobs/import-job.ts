import { z } from 'zod'
import type { AssetKit } from '../plugin.ts'

/** Characters for the lines of the report, about 400 rows: a job's result holds 64 kB. */
const ROOM = 60_000
const PIECE = 65_536

/**
 * Imports a file that was kept for it. An attempt after one that was cut short finds the rows that were written then
 * unchanged.
 */
export function importJob(kit: AssetKit): void {
  kit.job('import', {
    scope: 'tenant',
    permission: 'assets:read',
    data: z.strictObject({ import_id: z.string(), dry_run: z.boolean(), may_update: z.boolean() }),
    timeoutMs: 30 * 60_000,
    async run({ import_id, dry_run, may_update }, { call, importService, importRepository, progress }) {
      const content = await importRepository.content(import_id)
      if (content === undefined) return { skipped: 'the file has been imported already' }
      let done = 0
      function* pieces(text: string): Generator<string> {
        for (let at = 0; at < text.length; at = done) {
          done = Math.min(at + PIECE, text.length)
          yield text.slice(at, done)
        }
      }
      const report = await importService.run(pieces(content), {
        dryRun: dry_run,
        mayUpdate: may_update,
        signal: call.signal,
        progress: rows => progress({ done, total: content.length, message: `${rows} rows` }),
        room: ROOM,
      })
      await importRepository.delete(import_id)
      return report
    },
  })
}
