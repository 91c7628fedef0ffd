import { readdir } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { parseConnection } from '../../config/sql-server-connection.ts'
import { claimBare, openTestServer } from '../../kernel/testing/sql-server-pool.ts'
import { definesRowSecurity } from '../dialects/mssql-engine.ts'
import { migrate } from '../migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS, type MigrationFile } from '../migration-files.ts'
import { type FlywayTarget, flyway, flywayCommand } from './flyway-command.ts'

const PLUGINS = path.join(import.meta.dirname, '..', '..', 'plugins')
const server = process.env.DATABASE_URL
const here = server !== undefined && flywayCommand !== undefined
const onServer = here ? test : test.skip
const titled = (what: string) => (here ? what : `${what} (skipped: it needs DATABASE_URL and flyway on the PATH)`)

/** Consecutive migrations that one of the two applies. */
interface Turn {
  readonly ours: boolean
  readonly files: readonly MigrationFile[]
}

function turns(files: readonly MigrationFile[], ours: (file: MigrationFile) => boolean): readonly Turn[] {
  const made: { ours: boolean; files: MigrationFile[] }[] = []
  for (const file of files) {
    const last = made.at(-1)
    if (last?.ours === ours(file)) last.files.push(file)
    else made.push({ ours: ours(file), files: [file] })
  }
  return made
}

function targetOf(url: string, owner: string): FlywayTarget {
  const { server: host, database, user, password, encrypt, options } = parseConnection(url, 'DATABASE_URL')
  const jdbc = `jdbc:sqlserver://${host}:${options.port ?? 1433};databaseName=${database};encrypt=${encrypt}`
  const kernel = owner === 'kernel'
  return {
    url: `${jdbc};trustServerCertificate=${options.trustServerCertificate}`,
    scripts: kernel ? path.join(KERNEL_MIGRATIONS, '..', 'flyway') : path.join(PLUGINS, owner, 'flyway'),
    table: kernel ? 'flyway_schema_history' : `${owner}_schema_history`,
    user,
    password,
    options: [
      "-initSql=EXEC sp_set_session_context N'platform', 1",
      ...(kernel ? [] : ['-baselineOnMigrate=true', '-baselineVersion=0']),
    ],
  }
}

onServer(titled('Flyway and our runner take turns through all T-SQL, each from where the other stopped'), async t => {
  t.timeout(600_000)
  const claimed = await claimBare(server ?? '')
  const database = await openTestServer(claimed.url)
  t.teardown(async () => {
    await database.close()
    await claimed.release()
  })
  const secured = (await database.rowSecurity?.()) === true
  // An engine without security policies runs those scripts by our runner only, which leaves the policies out.
  const forUs = (file: MigrationFile) => file.version === 16 || (!secured && definesRowSecurity(file.rendered() ?? ''))
  const plugins = (await readdir(PLUGINS)).map(
    name => [name, findMigrations(path.join(PLUGINS, name, 'migrations'))] as const,
  )

  for (const [owner, migrations] of [['kernel', findMigrations(KERNEL_MIGRATIONS)] as const, ...plugins]) {
    if (migrations.length === 0) continue
    const target = targetOf(claimed.url, owner)
    // Babelfish fails at Flyway's question whether the schema is empty, which it asks where there is no history yet.
    if (!secured) await migrate(database, { migrations: [], owner })
    for (const { ours, files } of turns(migrations, forUs)) {
      const last = files.at(-1)?.version ?? 0
      if (ours) {
        const known = migrations.filter(({ version }) => version <= last)
        const { applied } = await migrate(database, { migrations: known, owner })
        t.deepEqual(
          applied,
          files.map(file => file.script),
        )
      } else {
        const options = [...(target.options ?? []), `-target=${last}`]
        const [done] = await flyway({ ...target, options }, 'migrate')
        t.is(done?.migrationsExecuted, files.length, done?.error?.message)
      }
    }
    const [validated] = await flyway(target, 'validate')
    t.is(validated?.validateCount, migrations.length, owner)
    t.deepEqual((await migrate(database, { migrations, owner })).applied, [])
  }
})
