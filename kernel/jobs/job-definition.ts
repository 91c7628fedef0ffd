import type { Progress } from '../contract.ts'
import type { Log } from '../log/log.ts'

/** What one attempt of a job gets. */
export interface RunContext {
  /** Id of the run: the same for all its attempts. */
  readonly id: string
  readonly plugin: string
  readonly name: string
  /** Undefined for a job that belongs to no tenant. */
  readonly tenantId: string | undefined
  /** Who asked for the run; undefined when it recurs. */
  readonly createdBy: string | undefined
  readonly data: unknown
  /** 1 for the first attempt. */
  readonly attempt: number
  /**
   * Aborted when the run takes too long, is cancelled or taken over, or the process stops. Work that ends early because
   * of it must throw (`signal.throwIfAborted()`): whatever returns counts as done.
   */
  readonly signal: AbortSignal
  readonly log: Log
  /** Says how far the work is. Cheap to call often: it is written once a second at most. */
  progress(progress: Progress): void
}

/** A job of a plugin. */
export interface JobDefinition {
  readonly plugin: string
  readonly name: string
  /** `tenant`: a recurring job makes one run for each tenant of the plugin. */
  readonly scope: 'tenant' | 'platform'
  /** An interval (`2 hours`) or a cron line of five fields in UTC (`0 2 * * *`). */
  readonly every?: string | undefined
  /** Attempts after the first one; default 3. */
  readonly retries?: number | undefined
  /** Milliseconds an attempt may take; default ten minutes. */
  readonly timeoutMs?: number | undefined
  /** Runs of this job at the same time in one process; default 1. */
  readonly concurrency?: number | undefined
  /** Does the work; what it returns is kept as the run's result, as JSON of at most 64 kB. */
  run(context: RunContext): Promise<unknown>
}

const DEFAULT_RETRIES = 3

/** Attempts a run of the job has. */
export const attemptsOf = ({ retries = DEFAULT_RETRIES }: JobDefinition): number => retries + 1

/** The name under which Agenda knows a job. */
export const agendaName = ({ plugin, name }: { readonly plugin: string; readonly name: string }): string =>
  `${plugin}/${name}`

/** The name under which Agenda knows the clock of a recurring job. */
export const tickName = (job: { readonly plugin: string; readonly name: string }): string => `${agendaName(job)}@every`

const INTERVAL = /^\d+(\.\d+)? (second|minute|hour|day|week)s?$/
const CRON = /^([\d*/,-]+ ){4}[\d*/,-]+$/

/** Throws a TypeError for a definition that cannot work. */
export function checkDefinition({
  plugin,
  name,
  every,
  retries = 0,
  timeoutMs = 1,
  concurrency = 1,
}: JobDefinition): void {
  const complain = (fault: string): never => {
    throw new TypeError(`job ${plugin}/${name}: ${fault}`)
  }
  if (!/^[a-z][a-z0-9-]*$/.test(name)) complain('its name must be kebab-case')
  if (every !== undefined && !INTERVAL.test(every) && !CRON.test(every)) {
    complain(`"every" must be an interval such as "2 hours" or a cron line such as "0 2 * * *", not "${every}"`)
  }
  if (!Number.isInteger(retries) || retries < 0) complain('"retries" must be a whole number, 0 or more')
  if (!Number.isInteger(concurrency) || concurrency < 1) complain('"concurrency" must be a whole number, 1 or more')
  if (!(timeoutMs > 0) || timeoutMs >= 2 ** 31) complain('"timeoutMs" must be between 1 ms and 24 days')
}
