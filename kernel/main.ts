import { enableCompileCache } from 'node:module'
import './v8-flags.ts'

enableCompileCache()

const { helpText, parseCommandLine, UsageError, usageExitCode } = await import('../config/command-line.ts')
const { SettingsError } = await import('../config/parse-settings.ts')

/** Says what is wrong on standard error and ends the process. */
function refuse(message: string, code: number): never {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

try {
  const argv = process.argv.slice(2)
  const command = parseCommandLine(argv)
  if (command.help) {
    const { bundledSettings } = await import('./plugins/bundled-settings.ts')
    process.stdout.write(helpText(await bundledSettings()))
  } else if (command.version) {
    const { productVersion } = await import('./version.ts')
    process.stdout.write(`${productVersion}\n`)
  } else {
    const { serve } = await import('./serve.ts')
    await serve(process.env, argv)
  }
} catch (error) {
  if (error instanceof UsageError) refuse(error.message, usageExitCode)
  if (error instanceof SettingsError) refuse(`The settings are not right:\n${error.message}`, usageExitCode)
  const { StartFault } = await import('./start-fault.ts')
  const { DatabaseUnusable } = await import('../db/dialects/sqlite.ts')
  const { MigrationError } = await import('../db/migrate.ts')
  if ([StartFault, DatabaseUnusable, MigrationError].some(kind => error instanceof kind))
    refuse((error as Error).message, 1)
  refuse(error instanceof Error ? (error.stack ?? error.message) : String(error), 1)
}
