import { z } from 'zod'
import { problem, reply } from '../../../kernel/contract.ts'
import type { VulnerabilityKit } from '../plugin.ts'

const Started = z.strictObject({ job_id: z.string() })
const started = (jobId: string) =>
  reply({ job_id: jobId }, { status: 202, headers: { Location: `/api/v1/jobs/${jobId}` } })

/** Scans on demand. Asked for again while one waits, they answer with that one. */
export function scanRoutes(kit: VulnerabilityKit): void {
  kit.route('POST /vulnerabilities/scan', {
    summary: 'Match all assets against the catalogue',
    description: 'The answer names the job; `GET /jobs/:id` shows its progress and its result.',
    permission: 'vulnerabilities:manage',
    returns: Started,
    status: 202,
    audit: { action: 'vulnerabilities.scan-started', resourceType: 'vulnerabilities' },
    handle: async (_input, { call }) => started(await call.enqueue('scan', {}, { unique: 'all' })),
  })
  kit.route('POST /vulnerabilities/scan/:asset_id', {
    summary: 'Match one asset against the catalogue',
    permission: 'vulnerabilities:manage',
    returns: Started,
    status: 202,
    audit: { action: 'vulnerabilities.scan-started', resourceType: 'asset' },
    async handle({ params }, { call, assets }) {
      const [asset] = await assets.byIds([params.asset_id])
      if (!asset) throw problem('not_found', 'No asset has this id.')
      return started(await call.enqueue('scan', { asset_ids: [asset.id] }, { unique: asset.id }))
    },
  })
}
