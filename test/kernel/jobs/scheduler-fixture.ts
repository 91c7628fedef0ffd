import { type ExecutionContext, registerCompletionHandler } from 'ava'
import type { Database } from '../../../db/database.ts'
import type { RunChange } from '../../../kernel/jobs/execution.ts'
import type { RunStatus } from '../../../kernel/jobs/run.ts'
import { createScheduler, type Enqueue, type Scheduler, type SchedulerOptions } from '../../../kernel/jobs/scheduler.ts'
import type { StoreOf } from './each-store.ts'
import { memoryLog } from './memory-log.ts'

// Agenda looks after each run with a timer that outlives it by half the lock time.
registerCompletionHandler(() => process.exit())

/** Times that suit tests: nothing is polled within a test unless it says so, everything else is quick. */
export const quick = {
  pollMs: 60_000,
  heartbeatMs: 30,
  staleMs: 60_000,
  lockMs: 5_000,
  progressMs: 5,
  graceMs: 60_000,
}

/** A scheduler that is stopped with the test, and ways to wait for what its runs do. */
export interface Fixture {
  readonly scheduler: Scheduler
  readonly changes: RunChange[]
  readonly lines: readonly string[]
  /** Queues a run, and nudges after the commit. */
  queue(run: Enqueue): Promise<string>
  /** Waits until a run has this status. */
  reached(id: string, status: RunStatus): Promise<void>
  /** Waits until `holds` after a change of any run. */
  when(holds: () => boolean): Promise<void>
}

/** Makes a scheduler on a database; call `scheduler.start()` when its jobs are defined. */
export function fixture(
  t: ExecutionContext,
  storeOf: StoreOf,
  database: Database,
  options: Partial<SchedulerOptions> = {},
): Fixture {
  const changes: RunChange[] = []
  const waiting = new Set<() => void>()
  const log = memoryLog()
  const scheduler = createScheduler({
    database,
    store: storeOf(database),
    log,
    tenantsFor: () => [],
    backoff: () => 5,
    ...options,
    timing: { ...quick, ...options.timing },
    changed(change) {
      changes.push(change)
      for (const check of waiting) check()
    },
  })
  t.teardown(() => scheduler.stop({ drainMs: 0 }))
  const when = (holds: () => boolean): Promise<void> =>
    new Promise(resolve => {
      const check = (): void => {
        if (!holds()) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  return {
    scheduler,
    changes,
    lines: log.lines,
    when,
    reached: (id, status) => when(() => changes.findLast(change => change.id === id)?.status === status),
    async queue(run) {
      const id = await database.transaction(run.tenantId, trx => scheduler.enqueue(trx, run))
      scheduler.nudge()
      return id
    },
  }
}
