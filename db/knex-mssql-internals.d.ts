/** Parts of Knex that its own types leave out; the version in package.json is exact because of them. */
declare module 'knex/lib/dialects/mssql/index.js' {
  import type { Knex } from 'knex'

  export default class Client {
    constructor(config: Knex.Config)
    config: Knex.Config
    driver: typeof import('tedious')
    _query(connection: unknown, query: unknown): Promise<unknown>
    _stream(connection: unknown, query: unknown, stream: unknown): Promise<unknown>
    releaseConnection(connection: unknown): Promise<void>
    destroyRawConnection(connection: unknown): Promise<void>
    processResponse(query: unknown, runner: unknown): unknown
    queryCompiler(builder: Knex.QueryBuilder, bindings: unknown): unknown
  }
}

declare module 'knex/lib/knex-builder/make-knex.js' {
  import type { Knex } from 'knex'

  /** The Knex function over a client that exists already. */
  export default function makeKnex(client: Knex.Client): Knex
}
