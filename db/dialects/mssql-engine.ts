import type { Knex } from 'knex'

/** What an engine that speaks T-SQL can do. */
export interface Engine {
  /** It has security policies, by which it keeps tenants apart itself. */
  readonly rowSecurity: boolean
  /** It reads `"a\nb"` in JSON as the text that is meant. */
  readonly json: boolean
}

const PROBE =
  "SELECT CAST(SERVERPROPERTY('BabelfishVersion') AS nvarchar(100)) AS other_engine, " +
  "OBJECT_ID(N'sys.security_policies') AS policies, " +
  `CASE WHEN JSON_VALUE(N'{"a":"\\""}', N'$.a') = N'"' THEN 1 ELSE 0 END AS json`

interface Answer {
  readonly other_engine: string | null
  readonly policies: number | null
  readonly json: number
}

/**
 * Asks the engine. SQL Server and Azure SQL can do all of it in every edition; others, such as Babelfish, have no
 * security policies, whatever their catalogue shows.
 */
export async function askEngine(knex: Knex): Promise<Engine> {
  const [row] = (await knex.raw(PROBE)) as readonly Answer[]
  return {
    rowSecurity: row !== undefined && row.other_engine === null && row.policies !== null,
    json: row?.json === 1,
  }
}

const known = new WeakMap<object, Promise<Engine>>()

/**
 * What the engine behind a Knex instance, or a transaction of it, can do; asked once for all that share its settings'
 * `watch`. Where nothing is shared, as in tests without a server, it is taken for SQL Server.
 */
export function engineOf(knex: Knex): Promise<Engine> {
  const { watch } = knex.client.config as { watch?: object }
  if (!watch) return Promise.resolve({ rowSecurity: true, json: true })
  const asked = known.get(watch)
  if (asked) return asked
  const asking = askEngine(knex).catch(error => {
    known.delete(watch)
    throw error
  })
  known.set(watch, asking)
  return asking
}

/** True for a batch that defines or changes row-level security, which such an engine cannot run. */
export const definesRowSecurity = (batch: string): boolean =>
  /\b(CREATE|ALTER|DROP) SECURITY POLICY\b|\bCREATE FUNCTION \[dbo\]\.\[fn_rls_tenant\]/i.test(batch)
