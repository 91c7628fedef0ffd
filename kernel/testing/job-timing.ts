import type { JobTiming } from '../jobs/job-timing.ts'
import { testsOnServer } from './test-database.ts'

/**
 * Jobs of a test look for work often and are given up soon; not as soon on a server, where a statement may take a second.
 * Agenda keeps a timer of half a lock's life for every turn, which holds up the end of the test file.
 */
export const testJobTiming: Partial<JobTiming> = { pollMs: 200, lockMs: testsOnServer ? 6_000 : 2_000 }
