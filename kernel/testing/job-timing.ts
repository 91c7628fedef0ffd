import type { JobTiming } from '../jobs/job-timing.ts'

/**
 * Jobs of a test look for work often and are given up soon. Agenda keeps a timer of half a lock's life for every turn, which
 * holds up the end of the test file.
 */
export const testJobTiming: Partial<JobTiming> = { pollMs: 200, lockMs: 2_000 }
