import type { Knex } from 'knex'
import type { Database, TransactionOptions } from '../../db/database.ts'

/**
 * The transaction a call is in, if any. Everything that shares the slot joins it, so repositories made before a
 * transaction began take part in it. One flow of work uses a slot: never two transactions side by side.
 */
export class TransactionSlot {
  readonly #database: Database
  readonly #beforeCommit: (() => Promise<void>) | undefined
  readonly #afterRollback: (() => void) | undefined
  #current: Knex.Transaction | undefined
  #afterCommit: (() => void)[] = []

  /**
   * @param beforeCommit the last thing that every transaction does, such as writing audit lines
   * @param afterRollback forgets what the transaction gathered for it
   */
  constructor(database: Database, beforeCommit?: () => Promise<void>, afterRollback?: () => void) {
    this.#database = database
    this.#beforeCommit = beforeCommit
    this.#afterRollback = afterRollback
  }

  get current(): Knex.Transaction | undefined {
    return this.#current
  }

  /** Runs `work` in the transaction under way, or in a new one. What it throws rolls everything back. */
  async run<T>(tenantId: string | undefined, work: () => Promise<T>, options?: TransactionOptions): Promise<T> {
    if (this.#current) return work()
    let result: T
    try {
      result = await this.#database.transaction(tenantId, trx => this.#within(trx, work), options)
    } catch (error) {
      this.#afterCommit = []
      this.#afterRollback?.()
      throw error
    }
    const hooks = this.#afterCommit
    this.#afterCommit = []
    for (const hook of hooks) hook()
    return result
  }

  async #within<T>(trx: Knex.Transaction, work: () => Promise<T>): Promise<T> {
    this.#current = trx
    try {
      const done = await work()
      await this.#beforeCommit?.()
      return done
    } finally {
      this.#current = undefined
    }
  }

  /** Calls `hook` once what is written so far is committed; at once outside a transaction. */
  afterCommit(hook: () => void): void {
    if (this.#current) this.#afterCommit.push(hook)
    else hook()
  }
}
