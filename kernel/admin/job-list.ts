import { z } from 'zod'
import { defineList, equals, oneOf } from '../data/list.ts'
import { runFields } from '../jobs/run-fields.ts'

const Status = runFields.status

/** A run of a job as operators of the platform see it: not the data it was given, which is its tenant's. */
export const AdminJob = z
  .object({
    ...runFields,
    tenant_id: z.string().nullable(),
    error: z.string().nullable(),
    attempts: z.int(),
    max_attempts: z.int(),
    run_after: z.string().nullable(),
    created_by: z.string().nullable(),
    created_at: z.string(),
    started_at: z.string().nullable(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: 'AdminJob' })

/** What `AdminJob` shows. */
export type AdminJob = z.output<typeof AdminJob>

type Row = Omit<AdminJob, 'progress'> & { readonly progress: string | null }

const name = z.string().min(1).max(100)

/** Runs of all tenants and of the platform, the newest first. */
export const jobList = defineList({
  table: 'job_runs',
  shared: true,
  columns: Object.keys(AdminJob.shape),
  sorts: { created_at: 'created_at' },
  defaultSort: '-created_at',
  filters: {
    tenant_id: equals('tenant_id', z.guid().toLowerCase()),
    plugin: equals('plugin', name),
    name: equals('name', name),
    status: oneOf('status', Status),
  },
  item: (row: Row): AdminJob => ({ ...row, progress: row.progress === null ? null : JSON.parse(row.progress) }),
})
