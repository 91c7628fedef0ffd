import knexModule, { type Knex } from 'knex'
import type { Request } from 'tedious'
import { MssqlClient } from '../dialects/mssql-client.ts'

/** One batch as it would go to SQL Server. */
export interface SentBatch {
  readonly connection: number
  readonly sql: string
  readonly parameters: Readonly<Record<string, { readonly type: string; readonly value: unknown }>>
}

/** A row to answer with: column name, TDS type and value, in order. */
export type AnsweredRow = readonly (readonly [name: string, type: string, value: unknown])[]

interface RequestInside {
  readonly sqlTextOrProcedure: string
  readonly parameters: readonly { name: string; type: { name: string }; value: unknown }[]
  readonly callback: (error: Error | undefined) => void
}

type Done = (error?: Error) => void

/**
 * Stands where the connections to SQL Server would be: real Knex, real tedious requests, nothing on the wire.
 * It records each batch and answers with the rows, or the error, that `answer` gives.
 */
export function recordingServer(answer: (batch: SentBatch) => readonly AnsweredRow[] = () => []) {
  const sent: SentBatch[] = []
  const events: string[] = []
  let connections = 0

  class RecordingClient extends MssqlClient {
    async acquireRawConnection(): Promise<object> {
      connections += 1
      const connection = connections
      const transaction = (name: string, inTransaction: boolean) => (done: Done) => {
        events.push(`${name} ${connection}`)
        opened.inTransaction = inTransaction
        queueMicrotask(() => done())
      }
      const opened = {
        connected: true,
        inTransaction: false,
        state: { name: 'LoggedIn' },
        once: (_event: string, listener: () => void) => setImmediate(listener),
        close: () => events.push(`close ${connection}`),
        beginTransaction: transaction('begin', true),
        commitTransaction: transaction('commit', false),
        rollbackTransaction: transaction('rollback', false),
        execSql: (request: Request) => void setImmediate(execute, connection, request),
      }
      return opened
    }
  }

  function execute(connection: number, request: Request): void {
    const inside = request as unknown as RequestInside
    const parameters = Object.fromEntries(
      inside.parameters.map(({ name, type, value }) => [name, { type: type.name, value }]),
    )
    const batch = { connection, sql: inside.sqlTextOrProcedure, parameters }
    sent.push(batch)
    events.push(`sql ${connection}`)
    try {
      for (const row of answer(batch)) {
        request.emit(
          'row',
          row.map(([colName, name, value]) => ({ value, metadata: { colName, type: { name }, dataLength: 8 } })),
        )
      }
      inside.callback(undefined)
    } catch (error) {
      inside.callback(error as Error)
    }
  }

  const knex: Knex = knexModule({
    client: RecordingClient as unknown as typeof Knex.Client,
    connection: { server: 'recording' } as Knex.StaticConnectionConfig,
    compileSqlOnError: false,
    pool: { min: 0, max: 4 },
  })
  return { knex, sent, events }
}
