import type { Knex } from 'knex'
import queryMethods from 'knex/lib/query/method-constants.js'

/** A client of Knex while a transaction holds its connection. */
interface HoldingClient<C> extends Knex.Client {
  /** Undefined once the transaction has ended. */
  held: C | undefined
}

/** What each transaction does with its connection. */
export interface TransactionSteps<C> {
  begin(connection: C): void
  commit(connection: C): void
  /** Also called after a commit that failed. */
  rollback(connection: C): void
}

/** Transactions on the connections of one Knex. */
export interface Transactions<C> {
  /** Commits when `work` resolves, rolls back when it throws. */
  run<T>(work: (trx: Knex.Transaction) => Promise<T>): Promise<T>
  /**
   * The connection of a transaction.
   * @throws Error when the transaction has ended
   */
  connectionOf(trx: Knex.Transaction): C
}

/**
 * Knex transactions for a driver that answers at once. `knex.transaction` makes a client, an emitter and forty properties
 * for each (150 µs and 70 KB that outlive small collections); here all of that is made once, and a transaction is a
 * function and a client that inherits. It can build and run queries; it has no savepoints, and ends with its work.
 */
export function createTransactions<C>(knex: Knex, steps: TransactionSteps<C>): Transactions<C> {
  const client: Knex.Client = Object.assign(Object.create(knex.client), {
    transacting: true,
    async acquireConnection(this: HoldingClient<C>): Promise<C> {
      return connectionIn(this)
    },
    async releaseConnection(): Promise<void> {},
  })
  const methods = transactionMethods()

  function open(connection: C): Knex.Transaction {
    const own: HoldingClient<C> = Object.create(client)
    own.held = connection
    const trx = (table: string, options?: object) => own.queryBuilder().table(table, options)
    return Object.assign(Object.setPrototypeOf(trx, methods), { client: own })
  }

  return {
    async run(work) {
      const connection: C = await knex.client.acquireConnection()
      try {
        steps.begin(connection)
        const trx = open(connection)
        try {
          const result = await work(trx)
          steps.commit(connection)
          return result
        } catch (error) {
          steps.rollback(connection)
          throw error
        } finally {
          trx.client.held = undefined
        }
      } finally {
        await knex.client.releaseConnection(connection)
      }
    },
    connectionOf: trx => connectionIn(trx.client),
  }
}

function connectionIn<C>({ held }: HoldingClient<C>): C {
  if (held === undefined) throw new Error('the transaction of this query has ended; was something not awaited?')
  return held
}

/** What a transaction can do besides being called with a table: everything that begins a query. */
function transactionMethods(): object {
  const methods: Record<string, unknown> = Object.create(Function.prototype)
  for (const name of queryMethods) {
    methods[name] = function (this: Knex.Transaction, ...values: unknown[]): unknown {
      return this.client.queryBuilder()[name](...values)
    }
  }
  for (const name of ['raw', 'ref', 'queryBuilder']) {
    methods[name] = function (this: Knex.Transaction, ...values: unknown[]): unknown {
      return this.client[name](...values)
    }
  }
  Object.defineProperty(methods, 'schema', {
    get(this: Knex.Transaction) {
      return this.client.schemaBuilder()
    },
  })
  return Object.assign(methods, { isTransaction: true })
}
