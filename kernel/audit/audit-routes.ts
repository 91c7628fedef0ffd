import { Readable } from 'node:stream'
import { z } from 'zod'
import { csvReply, reply } from '../contract.ts'
import { AuditFilter, AuditListQuery, AuditPage, requireBounds } from './audit-log.ts'
import type { AuditKit } from './audit-plugin.ts'
import { ChainReader } from './chain-store.ts'
import { csvOf, jsonArrayOf } from './export.ts'
import type { HeadSigner } from './head-signature.ts'
import { Verification } from './verification.ts'
import { verifyChain } from './verify.ts'

const ExportQuery = AuditFilter.extend({
  format: z.enum(['csv', 'json']).default('csv'),
  order: z
    .enum(['newest', 'chain'])
    .default('newest')
    .describe('`chain`: sealed lines in the order of their places, as whoever checks the chain wants them'),
})
const place = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER)
const VerifyQuery = z.strictObject({ from_sequence: place.optional(), to_sequence: place.optional() })

/** What an auditor does with the log. */
export function auditRoutes(kit: AuditKit, signer: HeadSigner): void {
  kit.route('GET /audit', {
    summary: 'The audit log, the newest lines first',
    description:
      '`q`, `ip_address` and `actor_kind` look at every line, so they want `from`, at most 31 days, unless an actor, ' +
      'action, resource or trace is given, too.',
    permission: 'audit:read',
    query: AuditListQuery,
    returns: AuditPage,
    handle: ({ query }, { auditLog, call }) => auditLog.page(query, call.now()),
  })
  kit.route('GET /audit/export', {
    summary: 'The audit log as a CSV or JSON file',
    description:
      'All lines that match the filters, the newest first. `format=json` gives one JSON array, a record on each line ' +
      'exactly as its hash covers it. docs/audit.md says how to check a file without this server.',
    permission: 'audit:read',
    query: ExportQuery,
    produces: 'text/csv',
    handle({ query: { format, order, ...filter } }, { auditLog, call }) {
      requireBounds(filter, call.now())
      const name = `audit-${call.now().toISOString().slice(0, 10)}.${format}`
      const pages = auditLog.pages(filter, order)
      if (format === 'csv') return csvReply(csvOf(pages), name)
      return reply(Readable.from(jsonArrayOf(pages)), {
        type: 'application/json',
        headers: { 'Content-Disposition': `attachment; filename="${name}"` },
      })
    },
  })
  kit.route('GET /audit/verify', {
    summary: 'Computes the chain of the audit log again',
    description:
      'Every sealed line, or those of a part, which is checked to fit the line before it. Answers what is wrong first, if ' +
      'anything is.',
    permission: 'audit:read',
    limit: { perMinute: 10 },
    query: VerifyQuery,
    returns: Verification,
    handle: ({ query }, { call }) =>
      verifyChain(ChainReader.ofTenant(call.db), signer, {
        signal: call.signal,
        from: query.from_sequence,
        to: query.to_sequence,
      }),
  })
}
