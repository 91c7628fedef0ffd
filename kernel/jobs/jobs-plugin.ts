import { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../contract.ts'
import { problem } from '../errors.ts'
import type { JobRun } from './run.ts'
import type { JobRuns } from './runs.ts'

const Job = z
  .object({
    id: z.string(),
    plugin: z.string(),
    name: z.string(),
    status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
    progress: z.object({ done: z.number(), total: z.number().optional(), message: z.string().optional() }).nullable(),
    result: z.unknown(),
    error: z.string().nullable(),
    attempts: z.number().int(),
    max_attempts: z.number().int(),
    created_at: z.string(),
    started_at: z.string().nullable(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: 'Job', description: 'Long work: what it is, how far it is, what came of it.' })

const view = (run: JobRun): z.input<typeof Job> => ({
  id: run.id,
  plugin: run.plugin,
  name: run.name,
  status: run.status,
  progress: run.progress,
  result: run.result,
  error: run.error,
  attempts: run.attempts,
  max_attempts: run.maxAttempts,
  created_at: run.createdAt,
  started_at: run.startedAt,
  finished_at: run.finishedAt,
})

/** Shows jobs: a tenant its own, the platform's operators all of them. */
export function jobsPlugin(runs: () => JobRuns): AnyPlugin {
  return definePlugin({
    name: 'jobs',
    version: '1.0.0',
    title: 'Jobs',
    segments: ['jobs', 'internal/jobs'],
    permissions: { 'jobs:read': 'View jobs and their progress' },
    setup(kit) {
      kit.route('GET /jobs/:id', {
        summary: 'A job with its progress and result',
        permission: 'jobs:read',
        returns: Job,
        async handle({ params }, { call }) {
          const run = await runs().find(params.id, call.tenant.id)
          if (!run) throw problem('not_found', 'No job has this id.')
          return view(run)
        },
      })
      kit.platformRoute('GET /internal/jobs/:id', {
        summary: 'A job of the platform or of any tenant',
        access: 'internal-token',
        returns: Job,
        async handle({ params }) {
          const run = await runs().findAny(params.id)
          if (!run) throw problem('not_found', 'No job has this id.')
          return view(run)
        },
      })
    },
  }) as unknown as AnyPlugin
}
