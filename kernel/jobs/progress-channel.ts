import { z } from 'zod'
import type { Kit } from '../contract.ts'
import type { Sockets } from '../ws/sockets.ts'
import type { RunChange } from './execution.ts'
import type { JobPermission } from './jobs-plugin.ts'
import { runFields } from './run-fields.ts'

const CHANNEL = 'jobs'

const JobProgress = z
  .object({
    ...runFields,
  })
  .meta({ id: 'JobProgress', description: 'How far a job is; its result is read with `GET /api/v1/jobs/:id`.' })

type None = Record<never, never>

/** Opens the channel that shows how jobs get on. */
export function progressChannel(kit: Kit<'jobs:read', unknown, None, None, None>): void {
  kit.channel(CHANNEL, {
    summary: 'How the jobs of the tenant get on',
    description: 'Only jobs that one may read: those one began, and those whose permission one holds.',
    permission: 'jobs:read',
    send: { progress: JobProgress },
  })
}

/** Tells a run's tenant, on all instances, that the run has changed: at most once a second for one that goes on. */
export function announceRun(sockets: Sockets, change: RunChange, permissionOf: JobPermission): void {
  const { id, tenantId, plugin, name, status, progress, createdBy } = change
  if (tenantId === null) return
  const permission = permissionOf(plugin, name)
  const owner = { actors: createdBy === null ? [] : [createdBy] }
  sockets.publish(tenantId, {
    channel: CHANNEL,
    type: 'progress',
    data: { id, plugin, name, status, progress } satisfies z.input<typeof JobProgress>,
    to: permission === undefined ? undefined : permission === 'unknown' ? owner : { ...owner, permission },
  })
}
