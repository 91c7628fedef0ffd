import { setTimeout as sleep } from 'node:timers/promises'
import type { Dialect } from '../../db/database.ts'

const TRIES = 3
const FIRST_PAUSE_MS = 20

/**
 * Runs a write again when the database undid its whole transaction by itself, as SQL Server does with the victim of a
 * deadlock. Nothing of it is left then and nobody was answered, and `attempt` makes its call, its services and its
 * transaction anew each time, so it is as if the request had come later. What reads the request as it comes in, or has
 * transactions of its own, cannot be run again: the caller leaves those out, and they answer 503.
 */
export async function runAgainWhenUndone<T>(dialect: Dialect, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (tried >= TRIES || !dialect.isUndone(error)) throw error
      await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** tried)
    }
  }
}
