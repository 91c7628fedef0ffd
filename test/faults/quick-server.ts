import { serve } from '../../kernel/serve.ts'

/** The server with jobs that are looked at often and given up early, so that tests need not wait half a minute. */
await serve(process.env, process.argv.slice(2), {
  jobTiming: { pollMs: 200, heartbeatMs: 300, staleMs: 4_000, lockMs: 4_000, lostMs: 6_000, graceMs: 1_000 },
})
