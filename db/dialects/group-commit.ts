import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import knexModule from 'knex'

const { KnexTimeoutError } = knexModule

/** A connection that one transaction uses at a time. */
export interface Writer<C> {
  acquire(): Promise<C>
  release(connection: C): Promise<void>
  begin(connection: C): void
  /** What follows can be undone alone, until the savepoint is released. */
  savepoint(connection: C): void
  undoToSavepoint(connection: C): void
  releaseSavepoint(connection: C): void
  commit(connection: C): void
  rollback(connection: C): void
  /** False when the database has ended the transaction by itself, as SQLite does when the disk is full. */
  isOpen(connection: C): boolean
}

/** Runs work in a transaction: commits when it resolves, undoes all of it when it throws. */
export type RunTransaction<C> = <T>(
  work: (connection: C) => Promise<T>,
  options?: { readonly short?: boolean },
) => Promise<T>

interface Turn<C> {
  work(connection: C): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** How long a finished transaction may wait for the commit because others join it, and how many may. */
const JOINED_FOR_MS = 10
const MOST_JOINED = 50
/** How long one may wait for the one before it, as for a connection: it may wait in vain for work that waits for itself. */
const PATIENCE_MS = 30_000

/**
 * Lets transactions that wait for the same connection share a commit, so that they share its fsync, which is half of what
 * a small write costs. The first one leads; each that joins runs in a savepoint and is answered after the commit, so what
 * was acknowledged is on the disk as ever. Only `short` ones join: the finished wait for those behind them.
 * @param clock milliseconds that only go forward
 * @param patienceMs after which one that could not begin is told so
 */
export function groupCommit<C>(
  writer: Writer<C>,
  clock: () => number = () => performance.now(),
  patienceMs = PATIENCE_MS,
): RunTransaction<C> {
  /** Those that join the transaction under way; undefined when there is none to join. */
  let joining: Turn<C>[] | undefined

  const run: RunTransaction<C> = (work, { short = false } = {}) => {
    const queue = joining
    if (!short || !queue) return lead(work, short)
    return new Promise((resolve, reject) => {
      const asCalled = AsyncLocalStorage.snapshot()
      const turn: Turn<C> = {
        work(connection) {
          clearTimeout(timer)
          return asCalled(work, connection)
        },
        resolve: resolve as Turn<C>['resolve'],
        reject(error) {
          clearTimeout(timer)
          reject(error)
        },
      }
      const timer = setTimeout(() => {
        const place = queue.indexOf(turn)
        if (place < 0) return
        queue.splice(place, 1)
        reject(new KnexTimeoutError(`the transaction before this one has not ended within ${patienceMs} ms`))
      }, patienceMs)
      queue.push(turn)
    })
  }

  async function lead<T>(work: (connection: C) => Promise<T>, short: boolean): Promise<T> {
    const queue: Turn<C>[] = []
    if (short) joining = queue
    try {
      const connection = await writer.acquire().catch((error: unknown) => {
        // What keeps the connection keeps it from the others, too: each of them waiting as long again helps nobody.
        for (const { reject } of queue.splice(0)) reject(error)
        throw error
      })
      try {
        return await together(connection, work, short ? queue : undefined)
      } finally {
        await writer.release(connection)
      }
    } finally {
      if (joining === queue) joining = undefined
      for (const { work, resolve, reject } of queue) run(work, { short }).then(resolve, reject)
    }
  }

  async function together<T>(
    connection: C,
    work: (connection: C) => Promise<T>,
    queue: Turn<C>[] | undefined,
  ): Promise<T> {
    const joined: (() => void)[] = []
    const lost: ((error: unknown) => void)[] = []
    writer.begin(connection)
    try {
      const result = await work(connection)
      requireOpen(connection)
      // Work on SQLite is over before the next request is even read: this turn reads those that have come in meanwhile.
      if (queue) await nextTurn()
      const until = clock() + JOINED_FOR_MS
      while (queue && joined.length < MOST_JOINED && clock() < until) {
        const turn = queue.shift()
        if (!turn) break
        try {
          writer.savepoint(connection)
          const value = await turn.work(connection)
          requireOpen(connection)
          joined.push(() => turn.resolve(value))
          lost.push(turn.reject)
        } catch (error) {
          turn.reject(error)
          if (!writer.isOpen(connection)) throw error
          writer.undoToSavepoint(connection)
        }
        writer.releaseSavepoint(connection)
      }
      // Nothing is awaited between the last look at the queue and the end of the group: nobody joins too late.
      if (queue && joining === queue) joining = undefined
      writer.commit(connection)
      for (const answer of joined) answer()
      return result
    } catch (error) {
      for (const fail of lost) fail(error)
      if (writer.isOpen(connection)) writer.rollback(connection)
      throw error
    }
  }

  /** Work that goes on after the database has ended its transaction would store the rest of it for good, bit by bit. */
  function requireOpen(connection: C): void {
    if (!writer.isOpen(connection)) throw new Error('the database has ended this transaction by itself')
  }

  return run
}
