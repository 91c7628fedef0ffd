import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { type Config, loadConfig } from '../config/load.ts'
import type { Environment } from '../config/parse-settings.ts'
import { isEverything } from '../config/role.ts'
import { type Demo, makeDemo } from './demo.ts'
import { giveBackWhenQuiet } from './give-back-memory.ts'
import { stopOnSignals } from './graceful-stop.ts'
import { createServer } from './http/node-http.ts'
import { answerParserErrors } from './http/parser-errors.ts'
import { createKernel, type Kernel, type KernelOptions } from './kernel.ts'
import { createLogger, type Logging } from './log/create-logger.ts'
import { StartFault } from './start-fault.ts'
import { letYoungGenerationGrow } from './v8-flags.ts'
import { productVersion } from './version.ts'
import { isUpgrade } from './ws/open-channel.ts'

const HEADERS_TIMEOUT_MS = 20_000
const REQUEST_TIMEOUT_MS = 300_000
/** Longer than the idle time of the balancers in front (Azure: 4 minutes), so that they close first. */
const KEEP_ALIVE_MS = 245_000
const MOST_HEADER_BYTES = 16_384
/** Long enough for a balancer that asks `/health/ready` every two seconds and believes the second answer. */
const PRODUCTION_DELAY_SECONDS = 5

/**
 * Runs the server until a signal ends it.
 * @param parts parts of the kernel to make another way, such as how often jobs are looked at
 */
export async function serve(
  env: Environment,
  argv: readonly string[],
  parts: Partial<KernelOptions> = {},
): Promise<void> {
  const started = performance.now()
  // Whatever it writes is for its owner alone, also in a folder that others may look into.
  process.umask(0o077)
  const config = loadConfig(env, argv)
  if (config.database.kind === 'sqlite' && !isEverything(config.ROLE)) {
    throw new StartFault(
      `the role ${config.ROLE.join(', ')} needs SQL Server: SQLite serves one process, so that one does everything. ` +
        'Leave out --role and ROLE, or name a server with DATABASE_URL.',
    )
  }
  const logging = createLogger(config)
  for (const name of config.unread)
    logging.log.warn({ setting: name }, `${name} is set, but this version does not read it`)
  const kernel = await createKernel({ config, env, logging, version: productVersion, ...parts })
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MOST_HEADER_BYTES,
      shouldUpgradeCallback: isUpgrade,
    },
    kernel.app.callback(),
  )
  server.on('upgrade', kernel.upgrade)
  answerParserErrors(server, logging.log)
  const address = await listen(server, config)
  const stopping = stopOnSignals({
    kernel,
    server,
    logging,
    delayMs: 1000 * (config.SHUTDOWN_DELAY_SECONDS ?? (config.production ? PRODUCTION_DELAY_SECONDS : 0)),
    timeoutMs: 1000 * config.SHUTDOWN_TIMEOUT_SECONDS,
  })
  try {
    await kernel.start()
    const demo = config.demo && kernel.runtime.roles.users ? await makeDemo(kernel) : undefined
    letYoungGenerationGrow()
    giveBackWhenQuiet()
    announce(config, kernel, address, demo, performance.now() - started, logging)
  } catch (error) {
    // A start that a signal cut short may fail: the stop is under way, and ends the process.
    if (stopping()) return
    server.close()
    server.closeAllConnections()
    await kernel.stop().catch(() => undefined)
    logging.flush()
    throw error
  }
}

function listen(server: Server, { HOST, PORT }: Config): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(
        new StartFault(
          taken
            ? `port ${PORT} is in use. Stop what uses it, or take another one: --port 8001`
            : `cannot listen: ${error.message}. Check HOST and PORT.`,
        ),
      )
    })
    server.listen(PORT, HOST, () => resolve(server.address() as AddressInfo))
  })
}

/** What a person sees when the server is up; where nobody reads along, one log line says the same. */
function announce(
  config: Config,
  kernel: Kernel,
  { port }: AddressInfo,
  demo: Demo | undefined,
  ms: number,
  { log, flush }: Logging,
): void {
  const running = kernel.catalogue.hosts.filter(host => host.state === 'running').map(host => host.plugin.name)
  const { roles } = kernel.runtime
  log.info({ port, role: `${roles}`, plugins: running, version: productVersion, ms: Math.round(ms) }, 'ready')
  flush()
  if (config.production) return
  const url = `http://localhost:${port}`
  const database =
    kernel.runtime.database.dialect.name === 'sqlite'
      ? `SQLite, ${path.join(path.relative(process.cwd(), config.DATA_DIR) || '.', 'monozu.db')}`
      : 'SQL Server'
  const waiting = kernel.catalogue.hosts.filter(host => host.state === 'waiting').map(host => host.plugin.name)
  const broken = kernel.catalogue.summary().filter(({ reason }) => reason !== undefined)
  const lines = [
    `Monozu Cloud Backend ${productVersion}`,
    '',
    ...(isEverything(config.ROLE) ? [] : [`  Role       ${roles}`]),
    ...(roles.users
      ? [`  API        ${url}/api/v1`, `  Docs       ${url}/docs`]
      : [`  Health     ${url}/health/ready`]),
    `  Database   ${database}`,
    `  Plugins    ${running.join(', ')}`,
    ...(waiting.length > 0 ? [`  Waiting    ${waiting.join(', ')} (no tenant has the feature yet)`] : []),
    ...broken.map(({ name, state, reason }) => `  ${state.padEnd(10)} ${name}: ${reason}`),
    ...(demo
      ? [
          '',
          '  Demo tenant, made now and shown only this once:',
          `    account   ${demo.accountName}`,
          `    e-mail    ${demo.email}`,
          `    password  ${demo.password}`,
        ]
      : []),
    '',
    `Ready after ${(ms / 1000).toFixed(1)} s. Stop with Ctrl+C.`,
  ]
  process.stdout.write(`\n${lines.join('\n')}\n\n`)
}
