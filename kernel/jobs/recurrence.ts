import type { Agenda } from 'agenda'
import type { Database } from '../../db/database.ts'
import { attemptsOf, type JobDefinition } from './job-definition.ts'
import type { JobRuns } from './runs.ts'

/** Runs made in one transaction. */
const BATCH = 100

/** How much further away than one interval a stored time may be, in milliseconds: clocks differ a little. */
const SLACK_MS = 60_000

/**
 * Makes Agenda keep the time of a recurring job. A stored time is kept, so that a restart does not bring the next run
 * forward, unless the interval is another one, or the time is further away than that: then it was set by a clock that was
 * wrong, and is set anew.
 * @throws TypeError when there is no such time
 */
export async function recur(agenda: Agenda, tick: string, every: string): Promise<void> {
  const [stored] = (await agenda.queryJobs({ name: tick })).jobs
  const known = stored?.repeatInterval === every
  const next = agenda.create(tick).repeatEvery(every, { timezone: 'UTC', skipImmediate: true }).attrs.nextRunAt
  if (!next) throw new TypeError(`"${every}" is not a time at which ${tick} could run`)
  if (known && stored.nextRunAt && stored.nextRunAt.getTime() <= next.getTime() + SLACK_MS) return
  if (stored) await agenda.cancel({ name: tick })
  await agenda.every(every, tick, undefined, { timezone: 'UTC', skipImmediate: known })
}

/**
 * Queues one run of a job for each owner that has none queued or running; undefined is the platform. Two instances that
 * do it at once, because one of their clocks is wrong, find each other's runs.
 */
export async function fanOut(
  database: Database,
  runs: JobRuns,
  definition: JobDefinition,
  owners: readonly (string | undefined)[],
): Promise<void> {
  const { plugin, name } = definition
  const maxAttempts = attemptsOf(definition)
  for (let start = 0; start < owners.length; start += BATCH) {
    await database.transaction(undefined, async trx => {
      const busy = await runs.unfinished(trx, plugin, name)
      for (const tenantId of owners.slice(start, start + BATCH)) {
        if (busy.has(tenantId ?? null)) continue
        await runs.enqueue(trx, { plugin, name, tenantId, data: {}, maxAttempts, unique: '@every' })
      }
    })
  }
}
