import { parseArgs } from 'node:util'
import { kernelSettings } from './schema.ts'
import { type SettingSchemas, settingRows } from './setting-rows.ts'

/** What was asked on the command line. */
export interface CommandLine {
  readonly help: boolean
  readonly version: boolean
  readonly demo: boolean
  /** Settings given as options; they win over the environment. */
  readonly settings: Readonly<Record<string, string>>
}

/** The exit code for a command line that makes no sense. */
export const usageExitCode = 2

/** A wrong command line; `message` is one line. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

const options = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  'no-demo': { type: 'boolean' },
  role: { type: 'string' },
  port: { type: 'string' },
  'data-dir': { type: 'string' },
} as const

/**
 * Reads the command line.
 * @param argv what follows the script's name: `process.argv.slice(2)`
 * @throws {UsageError} on an unknown option, a missing value or anything that is no option
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  try {
    const { values } = parseArgs({ args: [...argv], options })
    return {
      help: values.help ?? false,
      version: values.version ?? false,
      demo: !(values['no-demo'] ?? false),
      settings: {
        ...(values.role === undefined ? {} : { ROLE: values.role }),
        ...(values.port === undefined ? {} : { PORT: values.port }),
        ...(values['data-dir'] === undefined ? {} : { DATA_DIR: values['data-dir'] }),
      },
    }
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(/\n|\. To specify/)[0] ?? '') : String(error)
    throw new UsageError(`${reason.replace(/\.$/, '')}; --help lists the options`)
  }
}

/**
 * The text of --help: usage, options, and every setting with its default.
 * @param plugins setting schemas by plugin
 */
export function helpText(plugins: SettingSchemas = {}): string {
  const rows = settingRows({ kernel: kernelSettings, ...plugins })
  const settings = rows.map(row => {
    const marks = [`default: ${row.fallback}`, ...(row.required ? ['required in production'] : [])].join('; ')
    return `  ${row.name}\n      ${row.description.replaceAll('`', '')}\n      ${row.expected} (${marks.replaceAll('`', '')})`
  })
  return `Usage: npm start -- [options]

Options:
  --role <roles>      do only this, instead of ROLE: api, ingest, worker, or several, separated by commas
  --port <number>     listen there instead of on PORT
  --data-dir <folder> keep data there instead of in DATA_DIR
  --no-demo           make no demo tenant on the first start
  --version, -v       print the version
  --help, -h          print this

Environment variables:
${settings.join('\n')}
`
}
