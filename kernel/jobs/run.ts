import type { Row } from '../../db/database.ts'
import type { Progress } from '../contract.ts'

/** The table that holds all runs. */
export const RUNS_TABLE = 'job_runs'

/** `queued` waits for its turn, also between attempts; the last three are final. */
export type RunStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'

/** One run of a job, as stored. Times are ISO 8601 UTC. */
export interface JobRun {
  readonly id: string
  /** Null for a run that belongs to no tenant. */
  readonly tenantId: string | null
  readonly plugin: string
  readonly name: string
  readonly status: RunStatus
  readonly data: unknown
  readonly progress: Progress | null
  /** What the job returned. */
  readonly result: unknown
  /** Why the last attempt failed. */
  readonly error: string | null
  /** Attempts begun. */
  readonly attempts: number
  readonly maxAttempts: number
  /** Not before this moment. */
  readonly runAfter: string
  readonly createdBy: string | null
  readonly createdAt: string
  /** Start of the last attempt. */
  readonly startedAt: string | null
  readonly finishedAt: string | null
}

const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value))
const json = (value: unknown): unknown => (value === null || value === undefined ? null : JSON.parse(String(value)))

/** A row of `job_runs` as a run. */
export const toRun = (row: Row): JobRun => ({
  id: String(row.id),
  tenantId: text(row.tenant_id),
  plugin: String(row.plugin),
  name: String(row.name),
  status: row.status as RunStatus,
  data: json(row.data),
  progress: json(row.progress) as Progress | null,
  result: json(row.result),
  error: text(row.error),
  attempts: Number(row.attempts),
  maxAttempts: Number(row.max_attempts),
  runAfter: String(row.run_after),
  createdBy: text(row.created_by),
  createdAt: String(row.created_at),
  startedAt: text(row.started_at),
  finishedAt: text(row.finished_at),
})
