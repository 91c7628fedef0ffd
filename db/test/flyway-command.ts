import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** Flyway's own program: `FLYWAY`, or `flyway` on the PATH. Undefined where there is none. */
export const flywayCommand: string | undefined = process.env.FLYWAY || onPath('flyway')

/** One answer of Flyway, as far as the tests read it. */
export interface FlywayAnswer {
  readonly operation?: string
  readonly validationSuccessful?: boolean
  readonly validateCount?: number
  readonly invalidMigrations?: readonly { readonly errorDetails: { readonly errorMessage: string } }[]
  readonly migrationsExecuted?: number
  readonly success?: boolean
  readonly migrations?: readonly { readonly version: string; readonly state?: string; readonly filepath?: string }[]
  readonly error?: { readonly errorCode: string; readonly message: string }
}

/** Where Flyway works, and on which scripts. */
export interface FlywayTarget {
  /** `jdbc:…` */
  readonly url: string
  /** Folder of the scripts. */
  readonly scripts: string
  /** Default `flyway_schema_history`. */
  readonly table?: string
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** Further options, such as `-baselineOnMigrate=true`. */
  readonly options?: readonly string[]
}

/** Title for a test that needs Flyway: says why it is skipped. */
export const withFlywayTitle = (what: string): string =>
  flywayCommand ? what : `${what} (skipped: FLYWAY is not set, and no flyway on the PATH)`

/** A JVM that lives for seconds needs no second compiler and no threads to collect with; nothing is told to the maker. */
const quickAndQuiet: NodeJS.ProcessEnv = {
  ...process.env,
  JAVA_ARGS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
  REDGATE_DISABLE_TELEMETRY: 'true',
}

/** Runs Flyway's commands, one after the other in one process, and gives the answer to each. */
export function flyway(target: FlywayTarget, ...commands: readonly string[]): Promise<readonly FlywayAnswer[]> {
  const { url, scripts, table = 'flyway_schema_history', options = [], user, password } = target
  const login = user === undefined ? {} : { FLYWAY_USER: user, FLYWAY_PASSWORD: password ?? '' }
  const given = [`-url=${url}`, `-locations=filesystem:${scripts}`, `-table=${table}`, ...options]
  return new Promise((resolve, reject) => {
    const all = ['-skipCheckForUpdate', '-outputType=json', ...given, ...commands]
    // A refusal has exit code 1 and its JSON on the same stream: what was printed decides.
    execFile(
      flywayCommand ?? 'flyway',
      all,
      { maxBuffer: 2 ** 26, env: { ...quickAndQuiet, ...login } },
      (failed, out, err) => {
        try {
          const answer = JSON.parse(out.slice(out.indexOf('{'))) as FlywayAnswer & {
            readonly individualResults?: readonly FlywayAnswer[]
          }
          resolve(answer.individualResults ?? [answer])
        } catch {
          reject(new Error(`flyway ${commands.join(' ')} said no JSON:\n${out}\n${err}`, { cause: failed }))
        }
      },
    )
  })
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter(folder => folder !== '')
    .map(folder => path.join(folder, name))
    .find(executable)
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
