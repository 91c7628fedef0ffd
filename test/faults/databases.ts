import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from './server.ts'

const { TEST_SQLSERVER_URL, DATABASE_URL } = process.env
const sqlServer = TEST_SQLSERVER_URL ?? (DATABASE_URL?.startsWith('sqlserver:') ? DATABASE_URL : undefined)

/** Settings of a server on a database of the test's own. */
export interface OwnDatabase {
  readonly env: Readonly<Record<string, string>>
}

/** Settings of servers on a database of a SQL Server, and its URL without a proxy before it. */
export interface OwnSqlServer extends OwnDatabase {
  readonly url: string
}

type Run<D> = (t: ExecutionContext, database: D) => Promise<void>

/** A test with an empty embedded database. */
export function onSqlite(title: string, run: Run<OwnDatabase>): void {
  test(`SQLite: ${title}`, t => run(t, { env: { DATA_DIR: temporaryFolder(t) } }))
}

/**
 * A test with a database of its own on the SQL Server that TEST_SQLSERVER_URL, or DATABASE_URL, names; skipped where there
 * is none. One at a time within a file: the servers of a test take a core each. Under a busy machine the first statement on each
 * connection takes its time there, hence the patience.
 * @param kind `bare`: without tables
 */
export function onSqlServer(title: string, run: Run<OwnSqlServer>, kind: 'prepared' | 'bare' = 'prepared'): void {
  if (sqlServer === undefined) {
    test.skip(`SQL Server: ${title} (set TEST_SQLSERVER_URL=sqlserver://user:password@host:port?database=master)`, t =>
      t.pass())
    return
  }
  test.serial(`SQL Server: ${title}`, async t => {
    t.timeout(300_000)
    const { claimBare, claimPrepared } = await import('../../kernel/testing/sql-server-pool.ts')
    const { url, release } = await (kind === 'bare' ? claimBare : claimPrepared)(sqlServer)
    t.teardown(() => release())
    await run(t, { url, env: { DATA_DIR: temporaryFolder(t), DATABASE_URL: url, SQL_POOL_SIZE: '6' } })
  })
}

/** A test on both databases. */
export function onEachDatabase(title: string, run: Run<OwnDatabase>, kind?: 'prepared' | 'bare'): void {
  onSqlite(title, run)
  onSqlServer(title, run, kind)
}
