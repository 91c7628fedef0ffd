import type { Database } from '../../db/database.ts'
import type { Log } from '../log/log.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { RunChange } from './execution.ts'
import type { JobStore } from './job-store.ts'
import type { JobTiming } from './job-timing.ts'

/** What the scheduler works with. */
export interface SchedulerOptions {
  readonly database: Database
  readonly log: Log
  readonly telemetry?: Telemetry | undefined
  /** Tenants for which a recurring job of this plugin runs. */
  tenantsFor(plugin: string): Promise<readonly string[]> | readonly string[]
  /** Where Agenda keeps its jobs; default: `database`. */
  readonly store?: JobStore | undefined
  /** The kernel's clock; default: the system's. */
  readonly now?: (() => Date) | undefined
  /** Hears when a run of this process starts, moves on, or ends. Must not throw. */
  readonly changed?: ((change: RunChange) => void) | undefined
  /** No other process uses the database: at the start, runs that look alive are queued again at once. */
  readonly alone?: boolean | undefined
  /** Jobs at the same time in this process, recurring clocks included; default 20. */
  readonly maxConcurrency?: number | undefined
  /** Milliseconds to wait after a failed attempt (1, 2, …). */
  readonly backoff?: ((attempt: number) => number) | undefined
  readonly timing?: Partial<JobTiming> | undefined
}
