import type { Database } from '../../db/database.ts'
import { openMssql } from '../../db/dialects/mssql.ts'

/** One process, or thread, that runs tests: it has a number, and with it names of databases that no other one takes. */
export interface Worker {
  readonly number: number
  /** The server itself. */
  readonly master: Database
  /** Databases that are open for the next test, by URL. They close when this worker ends. */
  readonly opened: Map<string, Database>
  /** Takes the name of a database that is not in use: `monozu_tests_<kind>_<worker>_<n>`. */
  take(kind: string): Promise<string>
  giveBack(name: string): void
}

/** A worker with nothing to do gives its connections back, which would keep the process alive. */
const IDLE_MS = 100
/** AVA begins all tests of a file at once; so many have a database at a time, unless one waits for longer than this. */
const AT_ONCE = 5
const PATIENCE_MS = 10_000

/** The same server with another database. */
export function urlOf(server: string, database: string): string {
  const url = new URL(server)
  url.searchParams.set('database', database)
  return url.href
}

let current: Promise<Worker> | undefined

/**
 * This process as a worker of a server. sp_getapplock says which numbers are in use, so a number is free again when the
 * process ends, however it ends.
 */
export function workerOf(server: string): Promise<Worker> {
  current ??= startWorker(server).catch(error => {
    current = undefined
    throw error
  })
  return current
}

async function startWorker(server: string): Promise<Worker> {
  for (let number = 1; ; number += 1) {
    const master = await openMssql({ DATABASE_URL: urlOf(server, 'master'), SQL_POOL_SIZE: 10 })
    const unlock = await tryLock(master, `monozu_tests_worker_${number}`)
    if (unlock) return worker(master, number, unlock)
    await master.close()
  }
}

/** @returns what frees the lock; undefined when another process has it */
function tryLock(master: Database, name: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const ended = master.exclusively(name, 0, () => new Promise<void>(unlock => resolve(() => free(unlock))))
    const free = async (unlock: () => void): Promise<void> => {
      unlock()
      await ended
    }
    ended.catch((error: Error) => (/was not free/.test(error.message) ? resolve(undefined) : reject(error)))
  })
}

function worker(master: Database, number: number, unlock: () => Promise<void>): Worker {
  const taken = new Set<string>()
  const opened = new Map<string, Database>()
  const waiting = new Set<() => void>()
  const end = async (): Promise<void> => {
    if (taken.size > 0) return
    current = undefined
    await Promise.all([...opened.values()].map(database => database.close()))
    await unlock()
    await master.close()
  }
  /** A test that has one and wants another would wait for itself, so no wait is for ever. */
  const turn = (): Promise<void> =>
    new Promise(resolve => {
      const go = (): void => {
        clearTimeout(timer)
        waiting.delete(go)
        resolve()
      }
      const timer = setTimeout(go, PATIENCE_MS)
      waiting.add(go)
    })
  return {
    number,
    master,
    opened,
    async take(kind) {
      if (taken.size >= AT_ONCE) await turn()
      for (let n = 1; ; n += 1) {
        const name = `monozu_tests_${kind}_${number}_${n}`
        if (taken.has(name)) continue
        taken.add(name)
        return name
      }
    },
    giveBack(name) {
      taken.delete(name)
      const [next] = waiting
      next?.()
      if (taken.size === 0) setTimeout(() => void end(), IDLE_MS)
    },
  }
}
