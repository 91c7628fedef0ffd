/** First pause, in milliseconds. */
const FIRST_MS = 5_000
/** Longest pause, in milliseconds. */
const LONGEST_MS = 15 * 60_000

/**
 * Milliseconds to wait after a failed attempt: 5 s, doubling with each attempt, at most 15 minutes; half of it is random,
 * so that runs that failed together do not come back together.
 * @param attempt 1 after the first failure
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1))
  return Math.round(whole / 2 + (whole / 2) * random())
}
