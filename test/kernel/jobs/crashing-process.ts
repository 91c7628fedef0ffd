import { createScheduler } from '../../../kernel/jobs/scheduler.ts'
import { openPlace } from '../../../kernel/testing/test-database.ts'
import { memoryLog } from './memory-log.ts'

/** Runs as a process of its own on the file it is given: starts a job that never ends, and says so. */
const database = await openPlace(process.argv[2] ?? '')
const scheduler = createScheduler({ database, log: memoryLog(), tenantsFor: () => [], alone: true })
scheduler.define({
  plugin: 'assets',
  name: 'import',
  scope: 'platform',
  run({ attempt }) {
    process.send?.(attempt)
    return new Promise(() => undefined)
  },
})
await scheduler.start()
