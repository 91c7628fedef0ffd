import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../db/database.ts'
import type { Log } from '../log/log.ts'
import { StartFault } from '../start-fault.ts'

const WAIT_MS = 60_000
const PAUSE_MS = 1_000

/**
 * Waits for a database that does not answer yet, as one that starts beside the server or resumes from a pause, so that a
 * restart in such a moment is no crash.
 * @param stopped asked between two tries; true gives up
 * @throws StartFault when it does not answer within a minute, or refuses
 */
export async function waitForDatabase(
  database: Pick<Database, 'dialect' | 'ping'>,
  log: Log,
  stopped: () => boolean,
  waitMs = WAIT_MS,
): Promise<void> {
  const deadline = Date.now() + waitMs
  for (let tries = 0; ; tries += 1) {
    try {
      await database.ping()
      if (tries > 0) log.info('the database answers')
      return
    } catch (error) {
      const { message } = error as Error
      if (stopped() || !database.dialect.isTransient(error) || Date.now() >= deadline) {
        throw new StartFault(
          `the database does not answer: ${message}. Check that it runs, and the settings that name it: DATABASE_URL, or SQL_SERVER and SQL_DATABASE.`,
          { cause: error },
        )
      }
      if (tries === 0) log.warn({ err: error }, 'the database does not answer yet; waiting for it')
      await sleep(PAUSE_MS)
    }
  }
}
