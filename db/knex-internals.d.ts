/** Parts of Knex that its own types leave out; the version in package.json is exact because of them. */
declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import type { Knex } from 'knex'

  export default class Client {
    constructor(config: Knex.Config)
    config: Knex.Config
    connectionSettings: Record<string, unknown>
    _query(connection: unknown, query: unknown): Promise<unknown>
    acquireRawConnection(): Promise<unknown>
    queryCompiler(builder: Knex.QueryBuilder, bindings: unknown): unknown
  }
}

declare module 'knex/lib/query/method-constants.js' {
  /** Names of the methods that begin a query. */
  const names: readonly string[]
  export default names
}
