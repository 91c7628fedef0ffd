import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolder } from './make-folder.ts'

/** Every generated value begins with this, so that production can refuse one that was copied there. */
export const developmentMark = 'development-'

/** Name of the file in DATA_DIR. */
export const developmentSecretsFile = 'development-secrets.json'

const Contents = z.record(z.string(), z.string().min(1))

/**
 * Secrets for a machine without any: made at the first start, kept in DATA_DIR for its owner alone (mode 0600), the same
 * at every later start. Two processes that start at once agree on one file.
 * @throws {Error} when the folder cannot be written or the file is damaged; the message names the file
 */
export function developmentSecrets(dataDir: string, names: readonly string[]): Readonly<Record<string, string>> {
  const file = join(dataDir, developmentSecretsFile)
  const kept = read(file)
  if (kept !== undefined && names.every(name => name in kept)) return kept
  const all = { ...Object.fromEntries(names.map(name => [name, generate()])), ...kept }
  const content = `${JSON.stringify(all, null, 2)}\n`
  if (kept !== undefined) {
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, content, { mode: 0o600 })
    renameSync(draft, file)
    return all
  }
  makeFolder(dataDir)
  try {
    writeFileSync(file, content, { mode: 0o600, flag: 'wx' })
    return all
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return developmentSecrets(dataDir, names)
  }
}

const generate = (): string => developmentMark + randomBytes(32).toString('base64url')

function read(file: string): Record<string, string> | undefined {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const parsed = Contents.safeParse(jsonOrUndefined(content))
  if (parsed.success) return parsed.data
  throw new Error(`${file} is damaged; remove it and new secrets are made, which ends all sessions`)
}

const jsonOrUndefined = (content: string): unknown => {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}
