import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { renderScripts } from './flyway-script.ts'
import { findMigrations, KERNEL_MIGRATIONS, scriptsOf } from './migration-files.ts'

const PLUGINS = path.join(import.meta.dirname, '..', 'plugins')

/**
 * Compares `db/flyway` and `plugins/<name>/flyway` with what the migrations render to, and writes them when told to.
 * @returns the files that differed: changed, missing, or without a migration. Empty when all was up to date.
 */
export async function renderMigrations(action: 'check' | 'write'): Promise<readonly string[]> {
  const different: string[] = []
  for (const [owner, folder] of owners()) {
    const scripts = scriptsOf(folder)
    const wanted = new Map<string, string>()
    for (const { name, text } of await renderScripts(findMigrations(folder), owner)) wanted.set(name, text)
    const present = sqlFiles(scripts)
    for (const name of new Set([...wanted.keys(), ...present])) {
      const file = path.join(scripts, name)
      const text = wanted.get(name)
      if (text !== undefined && present.includes(name) && readFileSync(file, 'utf8') === text) continue
      different.push(path.relative(process.cwd(), file))
      if (action === 'write') write(file, text)
    }
  }
  return different
}

/** The folders of migrations by who owns them. */
function owners(): Map<string, string> {
  const found = new Map([['kernel', KERNEL_MIGRATIONS]])
  for (const plugin of folders(PLUGINS)) found.set(plugin, path.join(PLUGINS, plugin, 'migrations'))
  return found
}

function write(file: string, text: string | undefined): void {
  if (text === undefined) {
    rmSync(file)
    return
  }
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function folders(folder: string): string[] {
  return entries(folder).flatMap(entry => (entry.isDirectory() ? [entry.name] : []))
}

function sqlFiles(folder: string): string[] {
  return entries(folder).flatMap(entry => (entry.isFile() && entry.name.endsWith('.sql') ? [entry.name] : []))
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

if (import.meta.main) {
  const check = process.argv.includes('--check')
  const different = await renderMigrations(check ? 'check' : 'write')
  for (const file of different) process.stdout.write(`${check ? 'differs' : 'written'}: ${file}\n`)
  if (check && different.length > 0) {
    process.stderr.write('Run "npm run migrations:render" and commit the result.\n')
    process.exitCode = 1
  }
}
