import test from 'ava'
import { Execution } from '../../../kernel/jobs/execution.ts'
import type { JobRun } from '../../../kernel/jobs/run.ts'
import { JobRuns } from '../../../kernel/jobs/runs.ts'
import { emptyDatabase } from './job-database.ts'
import { memoryLog } from './memory-log.ts'

/** Fails as a database that is gone for the first writes of an outcome. */
class Unreachable extends JobRuns {
  left = 3
  override async succeed(...outcome: Parameters<JobRuns['succeed']>): Promise<boolean> {
    if (this.left-- > 0) throw new Error('connection lost')
    return super.succeed(...outcome)
  }
}

test('work that is done is not lost, nor done again, while the database is gone', async t => {
  const database = await emptyDatabase(t)
  const runs = new Unreachable(database, () => new Date())
  const id = await database.transaction(undefined, trx =>
    runs.enqueue(trx, { plugin: 'assets', name: 'import', data: {}, maxAttempts: 2 }),
  )
  const log = memoryLog()
  let calls = 0
  const execution = new Execution({
    run: (await runs.claim(id)) as JobRun,
    definition: { plugin: 'assets', name: 'import', scope: 'platform', run: async () => ++calls },
    runs,
    log,
    now: () => new Date(),
    backoff: () => 0,
    progressMs: 5,
    graceMs: 1_000,
    changed: () => undefined,
  })
  t.is(await execution.begin(), 'succeeded')
  t.is(calls, 1)
  t.like(await runs.findAny(id), { status: 'succeeded', result: 1, attempts: 1 })
  t.is(log.lines.length, 1)
})
