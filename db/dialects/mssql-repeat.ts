import { setTimeout as sleep } from 'node:timers/promises'
import { isTransient } from './mssql-errors.ts'

/** With pauses of up to 0.4, 1.6 and 6.4 s between them: long enough for a fail-over, shorter than a client waits. */
const TRIES = 4
const FIRST_PAUSE_MS = 100

/**
 * Runs what may run again: reads, and the start of a transaction. What fails for a passing reason is repeated after a
 * pause, each time a longer one, of a random length, so that instances do not come back together.
 * @param mayRepeat asked after a passing failure; false: it is thrown
 */
export async function repeated<T>(work: () => Promise<T>, mayRepeat: () => boolean = () => true): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= TRIES || !isTransient(error) || !mayRepeat()) throw error
      await sleep(Math.random() * FIRST_PAUSE_MS * 4 ** attempt)
    }
  }
}
