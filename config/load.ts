import { resolve } from 'node:path'
import { parseCommandLine } from './command-line.ts'
import { developmentSecrets } from './development-secrets.ts'
import { type Environment, parseSettings, SettingsError } from './parse-settings.ts'
import { type KernelSettings, kernelSettings } from './schema.ts'
import { settingMeta } from './setting.ts'
import { unreadSettings } from './unread-settings.ts'

/** Which database the settings name. */
export type DatabaseTarget =
  /** The embedded default, in DATA_DIR. */
  | { readonly kind: 'sqlite' }
  /** SQL Server with name and password. */
  | { readonly kind: 'mssql'; readonly url: string; readonly platformUrl: string | undefined }
  /** Azure SQL with the managed identity. */
  | {
      readonly kind: 'azure-sql'
      readonly server: string
      readonly database: string
      readonly clientId: string | undefined
      readonly platformUrl: string | undefined
    }

type Resolved =
  | 'SECRET_KEY'
  | 'CLOUD_WEBHOOK_HMAC_SECRET'
  | 'CLOUD_INTERNAL_API_TOKEN'
  | 'ALLOW_ORIGINS'
  | 'APP_BASE_URL'
  | 'LOG_FORMAT'

/** The kernel's settings under the names of their variables, complete: what depends on the machine is filled in. */
export interface Config extends Readonly<Omit<KernelSettings, Resolved>> {
  readonly SECRET_KEY: string
  readonly CLOUD_WEBHOOK_HMAC_SECRET: readonly string[]
  readonly CLOUD_INTERNAL_API_TOKEN: string
  readonly ALLOW_ORIGINS: readonly string[]
  readonly APP_BASE_URL: string
  readonly LOG_FORMAT: 'json' | 'text'
  readonly production: boolean
  /** Whether a first start makes the demo tenant. */
  readonly demo: boolean
  readonly database: DatabaseTarget
  /** Variables that are set and belong to the product, but that this version does not read: worth a warning. */
  readonly unread: readonly string[]
}

/**
 * The configuration from the environment and the command line (which wins).
 * Outside production it keeps made-up secrets in DATA_DIR; in production it writes nothing.
 * @param argv `process.argv.slice(2)`
 * @throws {SettingsError} one line per fault
 * @throws {UsageError} on a wrong command line
 */
export function loadConfig(env: Environment, argv: readonly string[] = []): Config {
  const command = parseCommandLine(argv)
  const { kernel } = parseSettings({ kernel: kernelSettings }, { ...env, ...command.settings })
  const production = kernel.NODE_ENV === 'production'
  const settings = { ...kernel, DATA_DIR: resolve(kernel.DATA_DIR) }
  const origins = settings.ALLOW_ORIGINS ?? ['http://localhost:3000']
  const terminal = process.stdout.isTTY === true
  return freeze({
    ...settings,
    ...secretsOf(settings, production),
    ALLOW_ORIGINS: origins,
    APP_BASE_URL: settings.APP_BASE_URL ?? origins[0] ?? 'http://localhost:3000',
    LOG_FORMAT: settings.LOG_FORMAT ?? (terminal && !production ? 'text' : 'json'),
    production,
    demo: command.demo && !production,
    database: databaseOf(settings),
    unread: unreadSettings(env),
  })
}

/** Freezes the configuration and the lists in it. */
const freeze = (config: Config): Config => {
  for (const value of Object.values(config)) Object.freeze(value)
  return Object.freeze(config)
}

const secretsOf = (
  settings: KernelSettings,
  production: boolean,
): Pick<Config, 'SECRET_KEY' | 'CLOUD_WEBHOOK_HMAC_SECRET' | 'CLOUD_INTERNAL_API_TOKEN'> => {
  const { SECRET_KEY, CLOUD_WEBHOOK_HMAC_SECRET, CLOUD_INTERNAL_API_TOKEN } = settings
  const complete =
    SECRET_KEY !== undefined && CLOUD_WEBHOOK_HMAC_SECRET !== undefined && CLOUD_INTERNAL_API_TOKEN !== undefined
  if (complete) return { SECRET_KEY, CLOUD_WEBHOOK_HMAC_SECRET, CLOUD_INTERNAL_API_TOKEN }
  const made = production ? {} : madeSecrets(settings.DATA_DIR)
  return {
    SECRET_KEY: SECRET_KEY ?? present(made, 'SECRET_KEY'),
    CLOUD_WEBHOOK_HMAC_SECRET: CLOUD_WEBHOOK_HMAC_SECRET ?? [present(made, 'CLOUD_WEBHOOK_HMAC_SECRET')],
    CLOUD_INTERNAL_API_TOKEN: CLOUD_INTERNAL_API_TOKEN ?? present(made, 'CLOUD_INTERNAL_API_TOKEN'),
  }
}

const generatedNames = Object.entries(kernelSettings.shape)
  .filter(([, setting]) => settingMeta(setting).generated === true)
  .map(([name]) => name)

const madeSecrets = (dataDir: string): Readonly<Record<string, string>> => {
  try {
    return developmentSecrets(dataDir, generatedNames)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SettingsError([
      {
        name: 'DATA_DIR',
        line: `DATA_DIR: cannot keep secrets in ${dataDir}: ${reason}; set DATA_DIR to a folder of yours`,
      },
    ])
  }
}

const present = (made: Readonly<Record<string, string>>, name: string): string => {
  const value = made[name]
  if (value === undefined)
    throw new SettingsError([{ name, line: `${name}: it is not set; set it in the environment` }])
  return value
}

const databaseOf = (settings: KernelSettings): DatabaseTarget => {
  const { SQL_SERVER, SQL_DATABASE, DATABASE_URL, AZURE_CLIENT_ID, DATABASE_URL_PLATFORM_ADMIN, IS_DEV } = settings
  if (SQL_SERVER !== undefined && SQL_DATABASE !== undefined && !IS_DEV) {
    return {
      kind: 'azure-sql',
      server: SQL_SERVER,
      database: SQL_DATABASE,
      clientId: AZURE_CLIENT_ID,
      platformUrl: DATABASE_URL_PLATFORM_ADMIN,
    }
  }
  if (DATABASE_URL === undefined) return { kind: 'sqlite' }
  return { kind: 'mssql', url: DATABASE_URL, platformUrl: DATABASE_URL_PLATFORM_ADMIN }
}
