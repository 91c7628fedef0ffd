import { z } from 'zod'
import type { PlatformCall } from '../contract.ts'
import { problem } from '../errors.ts'
import type { JobDefinition } from '../jobs/job-definition.ts'
import type { JobSwitch } from '../jobs/job-switches.ts'
import type { JobRun } from '../jobs/run.ts'
import type { Scheduler } from '../jobs/scheduler.ts'
import { READS, WRITES } from './admin-limits.ts'
import type { AdminKit } from './admin-plugin.ts'
import { AdminJob, jobList } from './job-list.ts'

/** What the routes of jobs work with. */
export interface JobParts {
  readonly scheduler: Scheduler
  /** Lets queued runs begin, wherever jobs run, once the call's transaction has committed. */
  begin(call: PlatformCall): void
}

const AdminJobDefinition = z
  .object({
    plugin: z.string(),
    name: z.string(),
    scope: z
      .enum(['tenant', 'platform'])
      .nullable()
      .describe('Null for a job that does not exist in this process now.'),
    every: z.string().nullable(),
    disabled: z.boolean(),
    disabled_by: z.string().nullable(),
    disabled_at: z.string().nullable(),
    queued: z.int(),
    running: z.int(),
    failed: z.int().describe('Of the last 30 days.'),
  })
  .meta({ id: 'AdminJobDefinition' })
type AdminJobDefinition = z.input<typeof AdminJobDefinition>

const JobName = z.strictObject({
  plugin: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,99}$/),
})
const DISABLED = '/admin/jobs/definitions/:plugin/:name/disabled'

/** Jobs of all tenants and of the platform, for operators: how they went, once more, and switching them off. */
export function jobRoutes(kit: AdminKit, { scheduler, begin }: JobParts): void {
  kit.platformRoute('GET /admin/jobs', {
    summary: 'Runs of jobs, of all tenants and of the platform',
    description: '`status` takes several, separated by commas. Finished runs are kept for 30 days.',
    access: 'platform-admin',
    limit: READS,
    query: jobList.query,
    returns: jobList.returns(AdminJob),
    handle({ query }, { call }) {
      const tenantId = query.tenant_id as string | undefined
      if (tenantId !== undefined) {
        if (!call.tenant(tenantId)) throw problem('tenant_not_found', `There is no tenant ${tenantId} here.`)
        call.audit(tenantId, { action: 'jobs.viewed', resourceType: 'job', resourceId: '' })
      }
      return jobList.page(call.db, query)
    },
  })

  kit.platformRoute('GET /admin/jobs/:id', {
    summary: 'A run of a job',
    access: 'platform-admin',
    limit: READS,
    returns: AdminJob,
    async handle({ params }, { call }) {
      const run = await found(params.id)
      audit(call, run, 'job.viewed')
      return runView(run)
    },
  })

  kit.platformRoute('POST /admin/jobs/:id/retry', {
    summary: 'Run a failed job once more',
    description: 'Also one that was cancelled. It keeps its id, and gets as many attempts as it had at first.',
    access: 'platform-admin',
    limit: WRITES,
    atomic: false,
    returns: AdminJob,
    async handle({ params }, { call }) {
      const run = await found(params.id)
      await call.db.transaction(async () => {
        if (!(await scheduler.retry(call.db.knex, run))) {
          throw problem('conflict', `This job is ${run.status}: only what failed or was cancelled is done once more.`)
        }
        audit(call, run, 'job.retried')
        begin(call)
      })
      return { ...runView(run), status: 'queued' as const, finished_at: null }
    },
  })

  kit.platformRoute('GET /admin/jobs/definitions', {
    summary: 'All jobs there are, and which are switched off',
    access: 'platform-admin',
    limit: READS,
    returns: z.object({ items: z.array(AdminJobDefinition) }),
    handle: async (_input, { call }) => ({ items: await definitions(call) }),
  })

  kit.platformRoute(`PUT ${DISABLED}`, {
    summary: 'Switch a job off',
    description:
      'From now on no process starts a run of it. What runs goes on to its end, what is queued waits, and the times of a ' +
      'recurring job pass by, until it is switched on again.',
    access: 'platform-admin',
    limit: WRITES,
    atomic: false,
    params: JobName,
    returns: AdminJobDefinition,
    async handle({ params }, { call }) {
      const known = (await definitions(call)).find(
        ({ plugin, name }) => plugin === params.plugin && name === params.name,
      )
      if (!known) throw problem('not_found', `There is no job ${params.plugin}/${params.name}.`)
      const now = await call.db.transaction(async () => {
        const off = await scheduler.switches.off(call.db.knex, params, call.actor.id)
        if (off) switched(call, params, 'job.disabled')
        return off
      })
      if (!now) return known
      return { ...known, disabled: true, disabled_by: call.actor.id, disabled_at: call.now().toISOString() }
    },
  })

  kit.platformRoute(`DELETE ${DISABLED}`, {
    summary: 'Switch a job on again',
    access: 'platform-admin',
    limit: WRITES,
    params: JobName,
    async handle({ params }, { call }) {
      if (!(await scheduler.switches.on(call.db.knex, params))) return
      switched(call, params, 'job.enabled')
      begin(call)
    },
  })

  async function found(id: string): Promise<JobRun> {
    const run = await scheduler.runs.findAny(id)
    if (!run) throw problem('not_found', 'No job has this id.')
    return run
  }

  async function definitions(call: PlatformCall): Promise<AdminJobDefinition[]> {
    const counted: { plugin: string; name: string; status: string; runs: number }[] = await call.db
      .table('job_runs')
      .whereIn('status', ['queued', 'running', 'failed'])
      .groupBy('plugin', 'name', 'status')
      .select('plugin', 'name', 'status')
      .count({ runs: '*' })
    const counts = new Map(counted.map(row => [`${row.plugin}/${row.name} ${row.status}`, Number(row.runs)]))
    const off = new Map((await scheduler.switches.list()).map(one => [`${one.plugin}/${one.name}`, one]))
    const defined = new Map(scheduler.definitions.map(one => [`${one.plugin}/${one.name}`, one]))
    return [...new Set([...defined.keys(), ...off.keys()])].sort().map(key => {
      const { plugin, name } = (defined.get(key) ?? off.get(key)) as JobDefinition | JobSwitch
      const count = (status: string): number => counts.get(`${key} ${status}`) ?? 0
      return {
        plugin,
        name,
        scope: defined.get(key)?.scope ?? null,
        every: defined.get(key)?.every ?? null,
        disabled: off.has(key),
        disabled_by: off.get(key)?.disabledBy ?? null,
        disabled_at: off.get(key)?.disabledAt ?? null,
        queued: count('queued'),
        running: count('running'),
        failed: count('failed'),
      }
    })
  }
}

/** In the log of the tenant whose run it is, or the platform's. */
function audit(call: PlatformCall, { id, tenantId, plugin, name, status }: JobRun, action: string): void {
  const entry = { action, resourceType: 'job', resourceId: id, after: { plugin, name, status } }
  if (tenantId === null) call.auditPlatform(entry)
  else call.audit(tenantId, entry)
}

function switched(call: PlatformCall, { plugin, name }: z.output<typeof JobName>, action: string): void {
  call.auditPlatform({ action, resourceType: 'job', resourceId: `${plugin}/${name}` })
}

const runView = (run: JobRun): AdminJob => ({
  id: run.id,
  plugin: run.plugin,
  name: run.name,
  status: run.status,
  progress: run.progress === null ? null : { ...run.progress },
  tenant_id: run.tenantId,
  error: run.error,
  attempts: run.attempts,
  max_attempts: run.maxAttempts,
  run_after: run.runAfter,
  created_by: run.createdBy,
  created_at: run.createdAt,
  started_at: run.startedAt,
  finished_at: run.finishedAt,
})
