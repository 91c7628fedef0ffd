import type { z } from 'zod'
import { settingMeta } from './setting.ts'

/** The environment: `process.env`, or a part of it in tests. */
export type Environment = Readonly<Record<string, string | undefined>> & { readonly NODE_ENV?: string | undefined }

/** One wrong setting, as an operator reads it: what is wrong and what to do. */
export interface SettingFault {
  readonly name: string
  readonly line: string
}

/** A start with settings that cannot work. `message` holds one line per fault. */
export class SettingsError extends Error {
  readonly faults: readonly SettingFault[]

  constructor(faults: readonly SettingFault[]) {
    super(faults.map(fault => fault.line).join('\n'))
    this.name = 'SettingsError'
    this.faults = faults
  }
}

/** Schemas by owner: `kernel`, or the name of a plugin. Keys are names of environment variables. */
export type SettingSchemas = Readonly<Record<string, z.ZodObject>>

/** What each owner's schema gives. */
export type ParsedSettings<Schemas extends SettingSchemas> = {
  readonly [Owner in keyof Schemas]: z.output<Schemas[Owner]>
}

/**
 * Reads all owners' settings from the environment. An empty variable counts as not set.
 * @throws {SettingsError} with every fault of every owner
 * @throws {Error} when two owners declare the same variable
 */
export function parseSettings<Schemas extends SettingSchemas>(
  schemas: Schemas,
  env: Environment,
): ParsedSettings<Schemas> {
  refuseSharedNames(schemas)
  const faults: SettingFault[] = []
  const values: Record<string, unknown> = {}
  const production = env.NODE_ENV?.trim().toLowerCase() === 'production'
  for (const [owner, schema] of Object.entries(schemas)) {
    faults.push(...referenceFaults(schema, env))
    const result = schema.safeParse(given(schema, env))
    if (result.success) values[owner] = Object.freeze(result.data)
    else faults.push(...faultsOf(schema, result.error, env))
    if (production) faults.push(...productionFaults(schema, env))
  }
  if (faults.length > 0) throw new SettingsError(oneEach(faults))
  return values as ParsedSettings<Schemas>
}

/** The variables that a schema names, without the empty ones. */
const given = (schema: z.ZodObject, env: Environment): Record<string, string> => {
  const set: Record<string, string> = {}
  for (const name of Object.keys(schema.shape)) {
    const value = env[name]
    if (value !== undefined && value.trim() !== '') set[name] = value
  }
  return set
}

/** A reference that App Service could not resolve arrives as its own text, which anybody could guess. */
const referenceFaults = (schema: z.ZodObject, env: Environment): SettingFault[] =>
  Object.keys(schema.shape)
    .filter(name => env[name]?.trim().startsWith('@Microsoft.KeyVault('))
    .map(name => ({
      name,
      line: `${name}: it is a reference that Key Vault did not answer; look whether the secret is there and the identity may read it`,
    }))

/** The first fault of each setting. */
const oneEach = (faults: readonly SettingFault[]): SettingFault[] =>
  [...new Map([...faults].reverse().map(fault => [fault.name, fault])).values()].reverse()

/** Signs of a value that somebody forgot to replace. */
const placeholder = /change.?me|replace.?me|your.?secret|insecure|example|^dev-|^development/i
const shortestInProduction = 16

/** What only production refuses: a required setting that is missing, a secret that is short or a known placeholder. */
function productionFaults(schema: z.ZodObject, env: Environment): SettingFault[] {
  const faults: SettingFault[] = []
  for (const [name, setting] of Object.entries(schema.shape)) {
    const { production, generated } = settingMeta(setting)
    const value = env[name]?.trim() ?? ''
    if (production === 'required' && value === '') {
      faults.push({ name, line: missingLine(name, setting) })
    } else if ((generated === true || production === 'real') && value !== '') {
      if (placeholder.test(value)) {
        faults.push({ name, line: `${name}: this is a development or example value; set a random one (${makeOne})` })
      } else if (value.split(',').some(part => part.trim().length < shortestInProduction)) {
        const line = `${name}: production expects at least ${shortestInProduction} characters; set a random one (${makeOne})`
        faults.push({ name, line })
      }
    }
  }
  return faults
}

const makeOne = 'openssl rand -base64 48'

const missingLine = (name: string, setting: z.core.$ZodType): string => {
  const { secret, expected } = settingMeta(setting)
  const step = secret === true ? `set a random value (${makeOne})` : 'set it in the environment'
  return `${name}: NODE_ENV=production needs it, but it is not set; ${step}${expected === undefined || expected === 'text' ? '' : `: ${expected}`}`
}

function refuseSharedNames(schemas: SettingSchemas): void {
  const owners = new Map<string, string>()
  for (const [owner, schema] of Object.entries(schemas)) {
    for (const name of Object.keys(schema.shape)) {
      const other = owners.get(name)
      if (other !== undefined) throw new Error(`setting ${name} is declared twice: by ${other} and by ${owner}`)
      owners.set(name, owner)
    }
  }
}

function faultsOf(schema: z.ZodObject, error: z.ZodError, env: Environment): SettingFault[] {
  const faults = new Map<string, SettingFault>()
  for (const issue of error.issues) {
    const name = String(issue.path[0] ?? '')
    const setting = schema.shape[name]
    if (faults.has(name)) continue
    const ownWords = setting === undefined || (issue.code === 'custom' && issue.message !== 'Invalid input')
    faults.set(
      name,
      ownWords ? { name, line: `${name}: ${issue.message}` } : fault(name, setting, env[name], issue.message),
    )
  }
  return [...faults.values()]
}

/**
 * The line for one wrong value: `PORT: expected a number from 0 to 65535, got "abc"`, then the next step.
 * A secret's value is told only by its length.
 */
function fault(name: string, schema: z.core.$ZodType, value: string | undefined, reason: string): SettingFault {
  const { expected, secret } = settingMeta(schema)
  const wanted = expected === undefined ? reason : `expected ${expected}`
  if (value === undefined || value.trim() === '') {
    return { name, line: `${name}: ${wanted}, but it is not set; set it in the environment` }
  }
  const got = secret === true ? `a secret of ${value.trim().length} characters` : shown(value)
  return { name, line: `${name}: ${wanted}, got ${got}; correct it or unset it` }
}

/** A value in quotes on one line, cut at 80 characters. */
const shown = (value: string): string => JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
