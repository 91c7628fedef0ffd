import type { JobState } from 'agenda'
import type { Knex } from 'knex'
import type { Database } from '../../db/database.ts'
import { AGENDA_TABLE } from './agenda-row.ts'

/** All states, in the order Agenda's overview lists them. `paused` is a flag beside the others, never computed. */
export const JOB_STATES = [
  'running',
  'scheduled',
  'queued',
  'completed',
  'failed',
  'repeating',
] as const satisfies readonly JobState[]

// The order of the tests is that of computeJobState in agenda's types/JobQuery.ts.
const STATE = `CASE
  WHEN locked_at IS NOT NULL THEN 'running'
  WHEN failed_at IS NOT NULL AND (last_finished_at IS NULL OR failed_at >= last_finished_at) THEN 'failed'
  WHEN repeat_interval IS NOT NULL THEN 'repeating'
  WHEN next_run_at > ? THEN 'scheduled'
  WHEN next_run_at IS NOT NULL THEN 'queued'
  ELSE 'completed' END AS state`

/** Agenda's jobs with a column `state`, computed in SQL: a derived table to filter, count and page. */
export function jobsWithState(database: Database, now: Date): Knex.QueryBuilder {
  const { knex } = database
  return knex.from(
    knex(AGENDA_TABLE)
      .select(`${AGENDA_TABLE}.*`, knex.raw(STATE, [now]))
      .as('jobs'),
  )
}
