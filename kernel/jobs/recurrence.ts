import type { Agenda } from 'agenda'
import type { Database } from '../../db/database.ts'
import { attemptsOf, type JobDefinition } from './job-definition.ts'
import type { JobRuns } from './runs.ts'

/** Runs made in one transaction. */
const BATCH = 100

/**
 * Makes Agenda keep the time of a recurring job. A stored time is kept, so that a restart does not bring the next run
 * forward, unless the interval is another one.
 * @throws TypeError when there is no such time
 */
export async function recur(agenda: Agenda, tick: string, every: string): Promise<void> {
  const [stored] = (await agenda.queryJobs({ name: tick })).jobs
  if (stored?.nextRunAt && stored.repeatInterval === every) return
  if (stored) await agenda.cancel({ name: tick })
  const job = await agenda.every(every, tick, undefined, { timezone: 'UTC' })
  if (!job.attrs.nextRunAt) throw new TypeError(`"${every}" is not a time at which ${tick} could run`)
}

/** Queues one run of a job for each owner that has none queued or running; undefined is the platform. */
export async function fanOut(
  database: Database,
  runs: JobRuns,
  definition: JobDefinition,
  owners: readonly (string | undefined)[],
): Promise<void> {
  const { plugin, name } = definition
  const maxAttempts = attemptsOf(definition)
  const busy = await runs.unfinished(plugin, name)
  const free = owners.filter(tenantId => !busy.has(tenantId ?? null))
  for (let start = 0; start < free.length; start += BATCH) {
    await database.transaction(undefined, async trx => {
      for (const tenantId of free.slice(start, start + BATCH)) {
        await runs.enqueue(trx, { plugin, name, tenantId, data: {}, maxAttempts })
      }
    })
  }
}
