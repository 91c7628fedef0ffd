import type { Writable } from 'node:stream'
import type { Knex } from 'knex'
import BaseClient from 'knex/lib/dialects/mssql/index.js'
import makeKnex from 'knex/lib/knex-builder/make-knex.js'
import type { Connection, Request } from 'tedious'
import { observerOf } from '../statement-watch.ts'
import { mssqlParameter } from './mssql-parameter.ts'
import { type MssqlColumn, mssqlRow, mssqlValue } from './mssql-row.ts'
import { scopedQueryCompiler } from './tenant-scope.ts'

/** Whose rows the batches of a Knex instance may see: those of one tenant, or of all (platform work). */
export type Session = { readonly tenantId: string } | 'platform'

/**
 * Stands before every batch, so that the context is right on whatever pooled connection it runs, without a round trip
 * of its own. Both keys are written each time: the connection may come from another tenant or from platform work.
 */
export const SESSION_PREFIX =
  "EXEC sys.sp_set_session_context @key = N'tenant_id', @value = @session_tenant; " +
  "EXEC sys.sp_set_session_context @key = N'platform', @value = @session_platform; "

interface KnexQuery {
  readonly sql: string
  readonly method?: string
  readonly bindings?: readonly unknown[]
  readonly returning?: unknown
  readonly pluck?: string
  readonly output?: (this: unknown, response: unknown) => unknown
  response?: readonly (readonly MssqlColumn[])[]
}

/** Settings of Knex, with the session that its batches have. A transaction inherits them. */
interface SessionConfig extends Knex.Config {
  session?: Session
}

/** Knex asks `connected` before it hands a connection out. */
interface PooledConnection extends Connection {
  connected: boolean
  readonly inTransaction: boolean
}

const turns = new WeakMap<object, Promise<unknown>>()

/** Knex's client with the session context, exact types, ISO times and the tenant predicate. */
export class MssqlClient extends BaseClient {
  override async _query(connection: Connection, query: KnexQuery): Promise<KnexQuery> {
    const rows: (readonly MssqlColumn[])[] = []
    const send = () => inTurn(connection, () => run(this, connection, query, row => void rows.push(row)))
    await (observerOf(this)?.statement(query.sql, send) ?? send())
    query.response = rows
    return query
  }

  override async _stream(connection: Connection, query: KnexQuery, stream: Writable): Promise<void> {
    try {
      const send = () =>
        inTurn(connection, () => run(this, connection, query, (row, request) => write(stream, row, request)))
      await (observerOf(this)?.statement(query.sql, send) ?? send())
      stream.end()
    } catch (error) {
      stream.emit('error', error)
      throw error
    }
  }

  /** A connection whose transaction could not be ended is closed, which ends it: the next user would be inside it. */
  override async releaseConnection(connection: PooledConnection): Promise<void> {
    if (connection.inTransaction) {
      connection.connected = false
      connection.close()
    }
    await super.releaseConnection(connection)
  }

  /** One that has ended does not tell so again, so the pool must not wait for it. */
  override async destroyRawConnection(connection: PooledConnection): Promise<void> {
    if (connection.connected) await super.destroyRawConnection(connection)
  }

  override processResponse(query: KnexQuery | undefined, runner: unknown): unknown {
    if (!query) return undefined
    const response = query.response ?? []
    if (query.output) return query.output.call(runner, response)
    const affected = query.returning === '@@rowcount'
    if (affected) return affectedRows(response)
    const rows = response.map(mssqlRow)
    if (query.method === 'first') return rows[0]
    if (query.method === 'pluck') return rows.map(row => row[query.pluck ?? ''])
    return rows
  }

  override queryCompiler(builder: Knex.QueryBuilder, bindings: unknown): unknown {
    return super.queryCompiler(scopedQueryCompiler(builder), bindings)
  }
}

/** A Knex instance on the same pool whose batches, and whose transactions', have another session. */
export function withSession(knex: Knex, session: Session): Knex {
  const client = Object.create(knex.client) as { config: SessionConfig }
  client.config = { ...(knex.client.config as SessionConfig), session }
  return makeKnex(client as unknown as Knex.Client)
}

/** The number stands last, in a column without a name: `…;select @@rowcount`. */
function affectedRows(response: readonly (readonly MssqlColumn[])[]): number {
  const column = response.at(-1)?.[0]
  return column ? Number(mssqlValue(column)) : 0
}

/** A connection takes one request at a time. Knex keeps one queue for all of them, which mixes up transactions. */
async function inTurn<T>(connection: object, work: () => Promise<T>): Promise<T> {
  const before = turns.get(connection) ?? Promise.resolve()
  const turn = before.then(work, work)
  turns.set(connection, turn)
  return turn
}

function run(
  client: MssqlClient,
  connection: Connection,
  query: KnexQuery,
  onRow: (row: readonly MssqlColumn[], request: Request) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { Request: TediousRequest, TYPES } = client.driver
    const request = new TediousRequest(SESSION_PREFIX + query.sql, error => (error ? reject(error) : resolve()))
    const session = (client.config as SessionConfig).session
    const tenantId = typeof session === 'object' ? session.tenantId : null
    request.addParameter('session_tenant', TYPES.UniqueIdentifier, tenantId)
    request.addParameter('session_platform', TYPES.Int, session === 'platform' ? 1 : null)
    for (const [index, binding] of (query.bindings ?? []).entries()) {
      const { type, value, options } = mssqlParameter(TYPES, binding)
      request.addParameter(`p${index}`, type, value, options)
    }
    request.on('row', (row: readonly MssqlColumn[]) => onRow(row, request))
    connection.execSql(request)
  })
}

function write(stream: Writable, row: readonly MssqlColumn[], request: Request): void {
  if (stream.write(mssqlRow(row))) return
  request.pause()
  stream.once('drain', () => request.resume())
}
