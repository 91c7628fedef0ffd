import type { Job } from 'agenda'
import type { Execution } from './execution.ts'
import type { JobRuns } from './runs.ts'

/** What keeps running runs alive works with. */
export interface RenewalOptions {
  readonly runs: JobRuns
  /** What runs in this process now. */
  readonly executions: ReadonlyMap<Execution, Job>
  /** Milliseconds that Agenda's lock lasts. */
  readonly lockMs: number
  /** Hears why something could not be written; it is tried again with the next beat. */
  failed(error: Error, message: string): void
}

/**
 * Says that the running runs are alive, in `job_runs` and to Agenda. The two do not wait for each other: a store of jobs
 * that is gone must not make a run look dead in the database.
 */
export class Renewal {
  readonly #options: RenewalOptions
  readonly #touching = new Set<Job>()
  #beating = false

  constructor(options: RenewalOptions) {
    this.#options = options
  }

  /** Renews what runs now. Never rejects. */
  beat(): void {
    const { executions, lockMs, failed } = this.#options
    for (const job of executions.values()) {
      const age = Date.now() - (job.attrs.lockedAt?.getTime() ?? 0)
      // Also when it lies in the future: the clock was set back. One that Agenda gave up is not renewed.
      if (Math.abs(age) > lockMs / 3 && !job.getCanceledMessage() && !this.#touching.has(job)) void this.#touch(job)
    }
    if (this.#beating) return
    this.#beating = true
    this.#beat()
      .catch((error: Error) => failed(error, 'heartbeats were not written'))
      .finally(() => {
        this.#beating = false
      })
  }

  /** One at a time: the last one may wait, as behind a long transaction on SQLite. */
  async #beat(): Promise<void> {
    const { runs, executions } = this.#options
    for (const lost of await runs.beat([...executions.keys()])) lost.end('taken over')
  }

  async #touch(job: Job): Promise<void> {
    this.#touching.add(job)
    try {
      await job.touch()
    } catch (error) {
      // Another instance may have got the turn, and found the run taken.
      this.#options.failed(error as Error, `the lock of job ${job.attrs.name} was not renewed`)
    } finally {
      this.#touching.delete(job)
    }
  }
}
