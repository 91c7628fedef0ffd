import type { DebounceOptions } from 'agenda'

/** When a debounced job runs, and since when calls for it have been held back. */
export interface Debounced {
  readonly nextRunAt: Date | null
  readonly debounceStartedAt: Date | null
}

/**
 * Agenda's debounce: `leading` keeps the first time, `trailing` (the default) pushes the run `delay` ms back with each
 * call, until `maxWait` ms have gone by since the first one.
 * @param stored what the job holds already; undefined for a new one
 * @param asked when the caller wants the job to run
 */
export function debounce(
  { delay, maxWait, strategy }: DebounceOptions,
  stored: Debounced | undefined,
  asked: Date | null,
  now: Date,
): Debounced {
  const started = stored?.debounceStartedAt ?? now
  if (strategy === 'leading') return { nextRunAt: stored ? stored.nextRunAt : asked, debounceStartedAt: started }
  if (stored && maxWait && now.getTime() - started.getTime() >= maxWait)
    return { nextRunAt: now, debounceStartedAt: null }
  return { nextRunAt: new Date(now.getTime() + delay), debounceStartedAt: started }
}
