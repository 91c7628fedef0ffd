import type { MigrationFile } from './migration-files.ts'
import { type RecordingContext, recordMigration } from './schema-recorder.ts'

/** The version that switches row-level security on (`migrations/V29__enable_tenant_rls.ts`). */
const SECURED_SINCE = 29

/** A migration as the T-SQL script that Flyway runs. */
export interface FlywayScript {
  /** File name, as in the history table. */
  readonly name: string
  readonly text: string
}

/**
 * Renders migrations to T-SQL, each statement a batch that ends with GO.
 * @param owner `kernel`, or the name of a plugin, whose tenant tables are under row-level security from the start
 */
export async function renderScripts(files: readonly MigrationFile[], owner: string): Promise<readonly FlywayScript[]> {
  const scripts: FlywayScript[] = []
  const tenantTables: string[] = []
  for (const file of files) {
    const secured = owner !== 'kernel' || file.version > SECURED_SINCE
    const context: RecordingContext = { tenantTables: [...tenantTables], secured }
    const recorded = recordMigration(await file.load(), 'mssql', context)
    tenantTables.push(...recorded.tenantTables)
    scripts.push({ name: file.script, text: scriptText(file, owner, recorded.statements) })
  }
  return scripts
}

/** Splits a script into its batches at lines that hold nothing but GO, as Flyway does for SQL Server. */
export function batchesOf(script: string): readonly string[] {
  return script
    .split(/^[ \t]*GO[ \t]*;?[ \t]*\r?$/im)
    .map(batch => batch.trim())
    .filter(batch => batch.split('\n').some(line => line.trim() !== '' && !line.startsWith('--')))
}

function scriptText(file: MigrationFile, owner: string, statements: readonly string[]): string {
  const source = owner === 'kernel' ? 'db' : `plugins/${owner}`
  const head = `-- ${file.description}. Rendered from ${source}/migrations by "npm run migrations:render"; do not edit.\n`
  return `${head}${statements.map(statement => `${statement};\nGO\n`).join('')}`
}
