import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { flywayChecksum } from '../checksum.ts'
import type { Database } from '../database.ts'
import { openSqlite } from '../dialects/sqlite.ts'
import { MigrationError, migrate } from '../migrate.ts'
import { migration } from '../migration.ts'
import { findMigrations, KERNEL_MIGRATIONS, type MigrationFile, scriptsOf } from '../migration-files.ts'
import { flyway, flywayCommand, withFlywayTitle } from './flyway-command.ts'

const withFlyway = flywayCommand ? test.serial : test.serial.skip

const PLUGINS = path.join(import.meta.dirname, '..', '..', 'plugins')
const kernel = findMigrations(KERNEL_MIGRATIONS)
const kernelScripts = scriptsOf(KERNEL_MIGRATIONS)

async function folder(t: ExecutionContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'monozu-flyway-'))
  t.teardown(() => rm(made, { recursive: true, force: true }))
  return made
}

/** Opens a database file, works on it and closes it again: Flyway wants it for itself. */
async function on<T>(filename: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openSqlite({ filename })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

const historyOf = (filename: string, table: string) =>
  on(filename, database => database.knex(table).orderBy('installed_rank'))

withFlyway(
  withFlywayTitle('Flyway accepts the history that our runner wrote, and finds nothing left to do'),
  async t => {
    const filename = path.join(await folder(t), 'monozu.db')
    const migrated = await on(filename, database => migrate(database, { migrations: kernel }))
    const before = await historyOf(filename, 'flyway_schema_history')

    const target = { url: `jdbc:sqlite:${filename}`, scripts: kernelScripts }
    const [validated, listed, done] = await flyway(target, 'validate', 'info', 'migrate')

    t.true(validated?.validationSuccessful)
    t.is(validated?.validateCount, kernel.length)
    t.deepEqual(
      listed?.migrations?.map(({ version, state, filepath }) => [version, state, path.basename(filepath ?? '')]),
      kernel.map(({ version, script }) => [String(version), 'Success', script]),
    )
    t.is(done?.migrationsExecuted, 0)
    t.deepEqual(await historyOf(filename, 'flyway_schema_history'), before)
    t.is(migrated.applied.length, kernel.length)
  },
)

withFlyway(withFlywayTitle("Flyway accepts every plugin's history beside the kernel's"), async t => {
  const filename = path.join(await folder(t), 'monozu.db')
  const plugins = (await readdir(PLUGINS)).filter(name => pluginMigrations(name).length > 0)
  t.true(plugins.length > 0)
  await on(filename, async database => {
    await migrate(database, { migrations: kernel })
    for (const owner of plugins) await migrate(database, { migrations: pluginMigrations(owner), owner })
  })
  for (const owner of plugins) {
    const [validated, done] = await flyway(
      {
        url: `jdbc:sqlite:${filename}`,
        scripts: path.join(PLUGINS, owner, 'flyway'),
        table: `${owner}_schema_history`,
      },
      'validate',
      'migrate',
    )
    t.is(validated?.validateCount, pluginMigrations(owner).length, owner)
    t.is(done?.migrationsExecuted, 0, owner)
  }
})

withFlyway(withFlywayTitle('an edited script is refused by both, with the same checksums'), async t => {
  const base = await folder(t)
  const filename = path.join(base, 'monozu.db')
  await on(filename, database => migrate(database, { migrations: kernel }))
  const scripts = path.join(base, 'flyway')
  await cp(kernelScripts, scripts, { recursive: true })
  const edited = path.join(scripts, 'V15__user_settings_appearance.sql')
  const text = await readFile(edited, 'utf8')
  await writeFile(edited, `${text}-- one more line, with an umlaut: ä\n`)

  const [validated] = await flyway({ url: `jdbc:sqlite:${filename}`, scripts }, 'validate')
  const changed = `${text}-- one more line, with an umlaut: ä\n`
  const said = validated?.invalidMigrations?.map(({ errorDetails }) => errorDetails.errorMessage).join() ?? ''
  t.regex(said, new RegExp(`version 15\\s+-> Applied to database : ${flywayChecksum(text)}\\s`))
  t.regex(said, new RegExp(`Resolved locally\\s*: ${flywayChecksum(changed)}\\s`))

  const ours = kernel.map(file => (file.version === 15 ? { ...file, rendered: () => changed } : file))
  const error = await t.throwsAsync(
    on(filename, database => migrate(database, { migrations: ours })),
    { instanceOf: MigrationError },
  )
  t.regex(error?.message ?? '', new RegExp(`was ${flywayChecksum(text)} and is ${flywayChecksum(changed)} now`))
})

withFlyway(withFlywayTitle('either tool continues where the other stopped, whoever begins'), async t => {
  const base = await folder(t)
  const filename = path.join(base, 'monozu.db')
  const scripts = path.join(base, 'flyway')
  const target = { url: `jdbc:sqlite:${filename}`, scripts }
  const step = (version: number): MigrationFile => {
    const statement = `CREATE TABLE step_${version} (id INT NOT NULL)`
    const text = `-- step ${version}\n${statement};\n`
    const script = `V${version}__step_${version}.sql`
    return {
      version,
      description: `step ${version}`,
      script,
      rendered: () => text,
      load: async () => migration(schema => schema.sql(statement)),
    }
  }
  const steps = [1, 2, 10, 11].map(step)
  const give = async (count: number) => {
    await mkdir(scripts, { recursive: true })
    for (const file of steps.slice(0, count)) await writeFile(path.join(scripts, file.script), file.rendered() ?? '')
  }

  await give(2)
  const [first] = await flyway(target, 'migrate')
  t.is(first?.migrationsExecuted, 2)

  const second = await on(filename, database => migrate(database, { migrations: steps.slice(0, 3) }))
  t.deepEqual(second.applied, ['V10__step_10.sql'])

  await give(4)
  const [third, validated] = await flyway(target, 'migrate', 'validate')
  t.is(third?.migrationsExecuted, 1)
  t.is(validated?.validateCount, 4)

  const last = await on(filename, database => migrate(database, { migrations: steps }))
  t.deepEqual(last.applied, [])
  const rows = await historyOf(filename, 'flyway_schema_history')
  t.deepEqual(
    rows.map(({ installed_rank, version, script, checksum, success }) => [
      installed_rank,
      version,
      script,
      checksum,
      success,
    ]),
    steps.map(({ version, script, rendered }, index) => [
      index + 1,
      String(version),
      script,
      flywayChecksum(rendered() ?? ''),
      1,
    ]),
  )
})

withFlyway(
  withFlywayTitle("a plugin's first script by Flyway needs a baseline of 0, which our runner accepts"),
  async t => {
    const base = await folder(t)
    const filename = path.join(base, 'monozu.db')
    await on(filename, database => migrate(database, { migrations: kernel }))
    const text = 'CREATE TABLE pumps (id INT NOT NULL);\n'
    const scripts = path.join(base, 'flyway')
    await mkdir(scripts)
    await writeFile(path.join(scripts, 'V1__pumps.sql'), text)
    const target = { url: `jdbc:sqlite:${filename}`, scripts, table: 'pumps_schema_history' }

    const [refused] = await flyway(target, 'migrate')
    t.is(refused?.error?.errorCode, 'NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE')
    const options = ['-baselineOnMigrate=true', '-baselineVersion=0']
    const [done] = await flyway({ ...target, options }, 'migrate')
    t.is(done?.migrationsExecuted, 1)

    const pumps: MigrationFile = {
      version: 1,
      description: 'pumps',
      script: 'V1__pumps.sql',
      rendered: () => text,
      load: async () => migration(schema => schema.sql(text)),
    }
    const { applied } = await on(filename, database => migrate(database, { migrations: [pumps], owner: 'pumps' }))
    t.deepEqual(applied, [])
  },
)

const pluginMigrations = (plugin: string) => findMigrations(path.join(PLUGINS, plugin, 'migrations'))
