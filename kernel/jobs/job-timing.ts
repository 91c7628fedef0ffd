/** How often things are looked at, in milliseconds. */
export interface JobTiming {
  /** Between two looks for due jobs, and for runs that other processes queued. Default 5 s. */
  readonly pollMs: number
  /** Between two heartbeats of running jobs. Default 5 s. */
  readonly heartbeatMs: number
  /** Without a heartbeat for so long, a run's process is gone. Default 30 s. */
  readonly staleMs: number
  /** Agenda's lock, renewed while the job runs. Default 60 s. */
  readonly lockMs: number
  /** A due run that has not started is looked for in Agenda after this time. Default 2 minutes. */
  readonly lostMs: number
  /** Between two writes of a job's progress. Default 1 s. */
  readonly progressMs: number
  /** What a job has to end after its signal was aborted. Default 10 s. */
  readonly graceMs: number
  /** How long finished runs are kept. Default 30 days. */
  readonly keepMs: number
}

/** Times for production. */
export const defaultTiming: JobTiming = {
  pollMs: 5_000,
  heartbeatMs: 5_000,
  staleMs: 30_000,
  lockMs: 60_000,
  lostMs: 120_000,
  progressMs: 1_000,
  graceMs: 10_000,
  keepMs: 30 * 24 * 60 * 60_000,
}
