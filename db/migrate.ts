import type { Knex } from 'knex'
import { flywayChecksum } from './checksum.ts'
import type { Database } from './database.ts'
import { definesRowSecurity } from './dialects/mssql-engine.ts'
import { batchesOf, renderScripts } from './flyway-script.ts'
import { History, type HistoryRow } from './history.ts'
import type { MigrationFile } from './migration-files.ts'
import { recordMigration } from './schema-recorder.ts'

/** What to migrate. */
export interface MigrateOptions {
  /** From `findMigrations`, by rising version. */
  readonly migrations: readonly MigrationFile[]
  /** `kernel`, or the plugin whose migrations they are. Default `kernel`. */
  readonly owner?: string
  /** Default `flyway_schema_history`, and `<plugin>_schema_history` for a plugin. */
  readonly historyTable?: string
  /** Told what is being done, in sentences. */
  readonly log?: (line: string) => void
  /** How long another instance may take before this one gives up. Default 5 minutes. */
  readonly waitMs?: number
}

/** Thrown when the history and the migrations do not fit; the message says which script, and what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

interface Script {
  readonly text: string
  readonly checksum: number
}

/**
 * Brings a database to the newest version: Flyway's table, Flyway's checksums, Flyway's order.
 * Each migration commits together with its history row, so a failure leaves the database at the version before.
 * Instances that start together take turns.
 * @returns the scripts that were applied now
 * @throws MigrationError when an applied script was changed, failed, came out of order, or is unknown here, except a newer one
 *   that only adds.
 */
export async function migrate(
  database: Database,
  options: MigrateOptions,
): Promise<{ readonly applied: readonly string[] }> {
  const owner = options.owner ?? 'kernel'
  const table = options.historyTable ?? (owner === 'kernel' ? 'flyway_schema_history' : `${owner}_schema_history`)
  const lock = `migrate:${table}`
  return database.exclusively(lock, options.waitMs ?? 300_000, () => migrateAlone(database, owner, table, options))
}

async function migrateAlone(
  database: Database,
  owner: string,
  table: string,
  { migrations, log = () => undefined }: MigrateOptions,
): Promise<{ readonly applied: readonly string[] }> {
  const history = new History(table, database.dialect.name)
  const scripts = await textsOf(migrations, owner)
  const rows = await database.transaction(undefined, async trx => {
    await history.create(trx)
    return history.rows(trx)
  })
  const pending = pendingOf(migrations, scripts, rows, table)
  const ahead = rows.filter(row => isAhead(row, migrations)).map(row => row.script)
  if (ahead.length > 0) log(`the database is ahead of this program by ${ahead.join(', ')}, which only add to it`)
  if (pending.length > 0) log(`${pending.length} migrations to apply, from ${pending[0]?.script}`)
  for (const file of pending) {
    const script = scriptOf(scripts, file)
    const started = performance.now()
    await database.transaction(undefined, async trx => {
      await apply(trx, database, file, script)
      const executionTime = Math.round(performance.now() - started)
      await history.add(trx, { ...file, checksum: script.checksum, executionTime })
    })
    log(`applied ${file.script} in ${Math.round(performance.now() - started)} ms`)
  }
  return { applied: pending.map(file => file.script) }
}

/** The committed T-SQL, so that an upgrade of Knex cannot change a checksum; what has no file is rendered here. */
async function textsOf(files: readonly MigrationFile[], owner: string): Promise<ReadonlyMap<string, Script>> {
  const texts = new Map<string, string>()
  for (const file of files) {
    const text = file.rendered()
    if (text !== undefined) texts.set(file.script, text)
  }
  if (texts.size < files.length) {
    for (const { name, text } of await renderScripts(files, owner)) if (!texts.has(name)) texts.set(name, text)
  }
  const scripts = new Map<string, Script>()
  for (const [name, text] of texts) scripts.set(name, { text, checksum: flywayChecksum(text) })
  return scripts
}

function scriptOf(scripts: ReadonlyMap<string, Script>, file: MigrationFile): Script {
  const script = scripts.get(file.script)
  if (!script) throw new MigrationError(`${file.script} was not rendered`)
  return script
}

async function apply(trx: Knex.Transaction, database: Database, file: MigrationFile, script: Script): Promise<void> {
  if (database.dialect.name === 'mssql') {
    // CREATE FUNCTION and its like must stand alone in a batch, and our batches begin with the session context.
    const secured = (await database.rowSecurity?.()) ?? true
    for (const batch of batchesOf(script.text)) {
      if (secured || !definesRowSecurity(batch)) await trx.raw('EXEC sys.sp_executesql ?', [batch])
    }
    return
  }
  const { statements } = recordMigration(await file.load(), 'sqlite', { tenantTables: [], secured: false })
  for (const statement of statements) await trx.raw(statement)
}

/** A script of this name takes away what the release before still used. */
const CONTRACT = /^V\d+__contract_/

/**
 * Whether a row is of a newer program and has only added to the schema. Then this program still works on it: a release
 * that is being replaced may restart, and the one before may come back.
 */
const isAhead = ({ version, script }: HistoryRow, migrations: readonly MigrationFile[]): boolean =>
  Number(version) > (migrations.at(-1)?.version ?? 0) && !CONTRACT.test(script)

/** The migrations that have not run. Everything that has run must be known, unchanged and successful. */
function pendingOf(
  migrations: readonly MigrationFile[],
  scripts: ReadonlyMap<string, Script>,
  rows: readonly HistoryRow[],
  table: string,
): readonly MigrationFile[] {
  const applied = new Set<number>()
  let newest = 0
  let baseline = 0
  for (const row of rows) {
    if (!row.success) throw new MigrationError(failed(row, table))
    if (row.version === null || row.type === 'DELETE') continue
    const version = Number(row.version)
    newest = Math.max(newest, version)
    if (row.type.endsWith('BASELINE')) {
      baseline = Math.max(baseline, version)
      continue
    }
    const file = migrations.find(candidate => candidate.version === version)
    if (!file && isAhead(row, migrations)) continue
    if (!file) throw new MigrationError(unknown(row, migrations, table))
    const checksum = scriptOf(scripts, file).checksum
    if (row.checksum !== null && row.checksum !== checksum) throw new MigrationError(changed(row, file, checksum))
    applied.add(version)
  }
  const pending = migrations.filter(({ version }) => version > baseline && !applied.has(version))
  const late = pending.find(({ version }) => version < newest)
  if (late) {
    throw new MigrationError(
      `${late.script} was not applied, but version ${newest} already is. ` +
        'Migrations run in order: give it a version of its own after the newest one.',
    )
  }
  return pending
}

function failed(row: HistoryRow, table: string): string {
  return (
    `${row.script} failed on ${row.installed_on} and is recorded as failed. ` +
    `Undo what it left in the database, delete its row from ${table} (or run "flyway repair"), then start again.`
  )
}

function unknown(row: HistoryRow, migrations: readonly MigrationFile[], table: string): string {
  const last = migrations.at(-1)?.version ?? 0
  return Number(row.version) > last
    ? `the database is at version ${row.version} (${row.script}), this program knows version ${last} as the newest. ` +
        'Start the version of the program that made it, or a newer one.'
    : `${row.script} was applied (${table}), but this program has no migration with version ${row.version}. ` +
        'Put its file back.'
}

function changed(row: HistoryRow, file: MigrationFile, checksum: number): string {
  return (
    `${file.script} was changed after it was applied on ${row.installed_on}: ` +
    `its checksum was ${row.checksum} and is ${checksum} now. ` +
    'Put the old text back and write the change as a new migration.'
  )
}
