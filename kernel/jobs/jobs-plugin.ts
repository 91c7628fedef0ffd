import { z } from 'zod'
import { type AnyPlugin, type Call, definePlugin, type PermissionKey } from '../contract.ts'
import { problem } from '../errors.ts'
import { progressChannel } from './progress-channel.ts'
import type { JobRun } from './run.ts'
import { runFields } from './run-fields.ts'
import type { JobRuns } from './runs.ts'

const Job = z
  .object({
    ...runFields,
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

/** What reading the runs of a job asks for; `unknown` for a job of the platform, and when its plugin has not run. */
export type JobPermission = (plugin: string, name: string) => PermissionKey | 'unknown' | undefined

/** Who began a run may read it; anybody else needs what the job asks for, because its result may tell what that guards. */
function requireMayRead(run: JobRun, call: Call, permissionOf: JobPermission): void {
  if (run.createdBy === call.actor.id) return
  const permission = permissionOf(run.plugin, run.name)
  if (permission === undefined || (permission !== 'unknown' && call.can(permission))) return
  throw problem(
    'forbidden',
    permission === 'unknown'
      ? 'Only who began this job may read it.'
      : `This job is of the plugin "${run.plugin}": reading it needs the permission "${permission}", too.`,
  )
}

/**
 * Shows jobs: a tenant its own, the platform's operators all of them.
 * @param check rejects, with the reason, while no job can start
 */
export function jobsPlugin(runs: () => JobRuns, check: () => Promise<void>, permissionOf: JobPermission): AnyPlugin {
  return definePlugin({
    name: 'jobs',
    version: '1.0.0',
    title: 'Jobs',
    segments: ['jobs', 'internal/jobs'],
    permissions: { 'jobs:read': 'View jobs and their progress' },
    setup(kit) {
      kit.healthy(check)
      progressChannel(kit)
      kit.route('GET /jobs/:id', {
        summary: 'A job with its progress and result',
        description: 'Of a job that somebody else began, this may need a permission of its plugin as well.',
        permission: 'jobs:read',
        returns: Job,
        async handle({ params }, { call }) {
          const run = await runs().find(params.id, call.tenant.id)
          if (!run) throw problem('not_found', 'No job has this id.')
          requireMayRead(run, call, permissionOf)
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
