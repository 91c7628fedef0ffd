import type { Knex } from 'knex'
import queryMethods from 'knex/lib/query/method-constants.js'

/** A client of Knex while a transaction holds its connection. */
interface HoldingClient<C> extends Knex.Client {
  /** Undefined once the transaction has ended. */
  held: C | undefined
}

/** Knex transactions on connections that somebody else begins, commits and gives back. */
export interface TransactionHandles<C> {
  /** Runs `work` with a Knex transaction on the connection; what is queried through it afterwards fails. */
  perform<T>(connection: C, work: (trx: Knex.Transaction) => Promise<T>): Promise<T>
  /**
   * The connection of a transaction.
   * @throws Error when its work has ended
   */
  connectionOf(trx: Knex.Transaction): C
}

/**
 * Makes Knex transactions for a driver that answers at once. `knex.transaction` makes a client, an emitter and forty
 * properties for each, which V8 keeps in the old generation; here they are made once, and a transaction is a function and
 * a client that inherits. It builds and runs queries; it has no savepoints, and ends with its work.
 */
export function transactionHandles<C>(knex: Knex): TransactionHandles<C> {
  const client: Knex.Client = Object.assign(Object.create(knex.client), {
    transacting: true,
    async acquireConnection(this: HoldingClient<C>): Promise<C> {
      return connectionIn(this)
    },
    async releaseConnection(): Promise<void> {},
  })
  const methods = transactionMethods()

  return {
    async perform(connection, work) {
      const own: HoldingClient<C> = Object.create(client)
      own.held = connection
      const trx = (table: string, options?: object) => own.queryBuilder().table(table, options)
      try {
        return await work(Object.assign(Object.setPrototypeOf(trx, methods), { client: own }))
      } finally {
        own.held = undefined
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
