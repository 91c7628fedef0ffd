import { Readable } from 'node:stream'
import { z } from 'zod'
import type { AssetKit } from '../plugin.ts'

/** Lines of the report that fit into a job's result; failed rows come first. */
const MOST_LINES = 200

/** Imports a file that was kept for it. Run twice, it changes nothing the second time. */
export function importJob(kit: AssetKit): void {
  kit.job('import', {
    scope: 'tenant',
    data: z.object({ import_id: z.string(), dry_run: z.boolean() }),
    timeoutMs: 30 * 60_000,
    async run({ import_id, dry_run }, { importService, importRepository, progress }) {
      const content = await importRepository.content(import_id)
      if (content === undefined) return { skipped: 'the file has been imported already' }
      const report = await importService.run(Readable.from([content]), { dryRun: dry_run, progress, most: MOST_LINES })
      await importRepository.delete(import_id)
      return report
    },
  })
}
