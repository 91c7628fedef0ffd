import type { JobParameters } from 'agenda'

/**
 * The ticket is not in the store any more: somebody else had the same turn, found the run taken or done, and removed it.
 * Nothing is wrong then; the run is in `job_runs`.
 */
export class TicketGone extends Error {
  override readonly name = 'TicketGone'

  constructor({ _id, name }: Pick<JobParameters, '_id' | 'name'>) {
    super(`job ${_id} (${name}) is no longer stored, so its state cannot be saved`)
  }
}
