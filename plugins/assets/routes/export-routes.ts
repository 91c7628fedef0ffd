import { Readable } from 'node:stream'
import { z } from 'zod'
import { csvReply, reply } from '../../../kernel/contract.ts'
import type { AssetKit } from '../plugin.ts'
import { assetList } from '../repositories/asset-repository.ts'
import { exportCsv, exportJson } from '../services/export.ts'

/** `GET /assets/export`: what the list with the same filters shows, whole, as a file. */
export function exportRoutes(kit: AssetKit): void {
  kit.route('GET /assets/export', {
    summary: 'All assets as a file',
    description: 'Takes the filters of the list. The CSV can be imported again, which changes nothing.',
    permission: 'assets:read',
    query: assetList.query
      .omit({ limit: true, cursor: true, sort: true, count: true })
      .extend({ format: z.enum(['csv', 'json']).default('csv') }),
    produces: 'text/csv',
    handle({ query: { format, ...filters } }, { call }) {
      if (format === 'csv') return csvReply(exportCsv(call.db, filters), 'assets.csv')
      return reply(Readable.from(exportJson(call.db, filters)), {
        type: 'application/json; charset=utf-8',
        headers: { 'Content-Disposition': 'attachment; filename="assets.json"' },
      })
    },
  })
}
