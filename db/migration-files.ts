import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Migration } from './migration.ts'

/** A migration known by its file name. The file itself is imported only when the migration has to run. */
export interface MigrationFile {
  readonly version: number
  /** In words, as in the history table: `base schema`. */
  readonly description: string
  /** Name of the rendered script, as in the history table: `V1__base_schema.sql`. */
  readonly script: string
  /** The rendered T-SQL, when it is kept in a file. */
  rendered(): string | undefined
  load(): Promise<Migration>
}

const FILE_NAME = /^V(\d+)__([a-z0-9_]+)\.(ts|js)$/

/** The kernel's own migrations. */
export const KERNEL_MIGRATIONS = path.join(import.meta.dirname, 'migrations')

/** Where the migrations of a folder are rendered to: `flyway`, beside it. A folder of its own, as Flyway looks deep. */
export const scriptsOf = (folder: string): string => path.join(folder, '..', 'flyway')

/**
 * The migrations of a folder by rising version.
 * @param folder holds `V<version>__<description>.ts`; when it does not exist there are none
 * @throws Error for a file with another name, or for a version given twice.
 */
export function findMigrations(folder: string): readonly MigrationFile[] {
  const found = namesIn(folder).map(name => migrationFile(folder, name))
  found.sort((a, b) => a.version - b.version)
  for (const [index, file] of found.entries()) {
    const next = found[index + 1]
    if (next?.version === file.version) {
      throw new Error(`${folder}: ${file.script} and ${next.script} have the same version`)
    }
  }
  return found
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap(entry => (entry.isFile() ? [entry.name] : []))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function migrationFile(folder: string, name: string): MigrationFile {
  const [, version, words] = FILE_NAME.exec(name) ?? []
  if (!version || !words) {
    throw new Error(`${path.join(folder, name)}: a migration is named V<version>__<description>.ts, in lower case`)
  }
  const script = `V${version}__${words}.sql`
  return {
    version: Number(version),
    description: words.replaceAll('_', ' '),
    script,
    rendered: () => readIfThere(path.join(scriptsOf(folder), script)),
    async load() {
      const module = (await import(pathToFileURL(path.join(folder, name)).href)) as { default?: Migration }
      if (typeof module.default?.up !== 'function') {
        throw new Error(`${path.join(folder, name)}: export default migration(schema => …)`)
      }
      return module.default
    },
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
