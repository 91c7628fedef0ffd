import type { AgendaBackend } from 'agenda'

/**
 * Where Agenda keeps what it needs to keep the time: tickets of runs that wait for their turn, and the clocks of recurring
 * jobs. What a run is and what came of it is in `job_runs`, in the SQL database, whichever store this is.
 */
export interface JobStore {
  /** What logs call it; no credentials. */
  readonly name: string
  /** Rejects when it cannot be reached; then it may be called again. */
  open(): Promise<AgendaBackend>
  /** Rejects, with words for an operator, when it cannot be used now. */
  check(): Promise<void>
  /** True for an error that says that the store is out of reach, not that something is wrong with what was asked. */
  isOutage(error: unknown): boolean
  /** Gives up whatever is under way. */
  close(): Promise<void>
}
