import type { Knex } from 'knex'
import type { PoolUse, StatementObserver } from './database.ts'

/** Who observes the statements of a database. A holder, because Knex copies the settings of its clients. */
export interface StatementWatch {
  observer: StatementObserver | undefined
}

/** The observer of a Knex client's statements, if there is one. */
export const observerOf = (client: object): StatementObserver | undefined =>
  (client as { config: { watch?: StatementWatch } }).config.watch?.observer

/** Lets one more observer see the statements. */
export function observeAlso(watch: StatementWatch, observer: StatementObserver): void {
  const { observer: before } = watch
  watch.observer = before
    ? { statement: (sql, run) => before.statement(sql, () => observer.statement(sql, run)) }
    : observer
}

/** How a Knex pool is used right now. */
export function poolUse(name: string, { client }: Knex): PoolUse {
  const { pool } = client as {
    pool: { max: number; numUsed(): number; numFree(): number; numPendingAcquires(): number }
  }
  return { name, used: pool.numUsed(), idle: pool.numFree(), waiting: pool.numPendingAcquires(), max: pool.max }
}
