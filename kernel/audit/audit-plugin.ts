import { Readable } from 'node:stream'
import { z } from 'zod'
import { type AnyPlugin, csvReply, definePlugin, reply } from '../contract.ts'
import { AuditFilter, AuditListQuery, AuditLog, AuditPage } from './audit-log.ts'
import { csvOf, jsonArrayOf } from './export.ts'
import { DEFAULT_RETENTION_DAYS, deleteOldLines } from './retention.ts'

const ExportQuery = AuditFilter.extend({ format: z.enum(['csv', 'json']).default('csv') })

/** Shows the audit log, exports it, and deletes what is older than the retention. */
export function auditPlugin(): AnyPlugin {
  return definePlugin({
    name: 'audit',
    version: '1.0.0',
    title: 'Audit log',
    segments: ['audit'],
    permissions: { 'audit:read': 'View and export the audit log' },
    services: { auditLog: AuditLog },
    setup(kit) {
      kit.route('GET /audit', {
        summary: 'The audit log, the newest lines first',
        permission: 'audit:read',
        query: AuditListQuery,
        returns: AuditPage,
        handle: ({ query }, { auditLog }) => auditLog.page(query),
      })
      kit.route('GET /audit/export', {
        summary: 'The audit log as a CSV or JSON file',
        description: 'All lines that match the filters, the newest first. `format=json` gives one JSON array.',
        permission: 'audit:read',
        query: ExportQuery,
        produces: 'text/csv',
        handle({ query: { format, ...filter } }, { auditLog, call }) {
          const name = `audit-${call.now().toISOString().slice(0, 10)}.${format}`
          const pages = auditLog.pages(filter)
          if (format === 'csv') return csvReply(csvOf(pages), name)
          return reply(Readable.from(jsonArrayOf(pages)), {
            type: 'application/json',
            headers: { 'Content-Disposition': `attachment; filename="${name}"` },
          })
        },
      })
      kit.job('retention', {
        scope: 'platform',
        data: z.object({}),
        every: '0 2 * * *',
        async run(_data, { call, progress }) {
          const { signal } = call
          const days = DEFAULT_RETENTION_DAYS
          return { deleted: await deleteOldLines(call.db, { now: call.now(), days, signal, progress }) }
        },
      })
    },
  }) as unknown as AnyPlugin
}
