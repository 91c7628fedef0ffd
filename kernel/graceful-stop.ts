import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kernel } from './kernel.ts'
import type { Logging } from './log/create-logger.ts'

const NPM_CHECK_MS = 500
const IDLE_CHECK_MS = 100
const END_OF_NPM = 'the end of npm'

/** What a stop needs. Times in milliseconds. */
export interface StopParts {
  readonly kernel: Kernel
  readonly server: Server
  readonly logging: Logging
  /** How long requests are served on while `/health/ready` says 503 already: longer than the balancer's probes are apart. */
  readonly delayMs: number
  /** How long requests under way have to end. */
  readonly timeoutMs: number
}

/**
 * Makes SIGTERM and SIGINT stop the process without failing a request: first the balancer is told, then the listener
 * closes, then requests under way end, then everything else stops. A second signal ends the process at once.
 * @returns whether a stop has begun
 */
export function stopOnSignals({ kernel, server, logging, delayMs, timeoutMs }: StopParts): () => boolean {
  const { log, flush } = logging
  let stopping = false

  const stop = async (reason: string, delay: number): Promise<void> => {
    if (stopping) {
      if (reason === END_OF_NPM) return
      flush()
      process.exit(1)
    }
    stopping = true
    log.info({ signal: reason }, 'stopping')
    try {
      const drained = kernel.drain()
      if (kernel.lifecycle === 'draining') await sleep(delay)
      await kernel.closeSockets()
      await close(server, timeoutMs)
      await drained
      await kernel.stop()
    } catch (error) {
      log.error(error as Error, 'the stop failed')
      process.exitCode = 1
    }
    log.info('stopped')
    flush()
    process.exit()
  }

  stopWithNpm(() => void stop(END_OF_NPM, 0))
  process.on('SIGTERM', () => void stop('SIGTERM', delayMs))
  process.on('SIGINT', () => void stop('SIGINT', delayMs))
  process.on('uncaughtException', error => {
    log.fatal(error, 'uncaught exception: the state of the process is unknown, so it ends')
    process.exitCode = 1
    void stop('uncaughtException', 0)
  })
  process.on('unhandledRejection', reason => {
    log.error(reason instanceof Error ? reason : new Error(String(reason)), 'unhandled rejection')
  })
  return () => stopping
}

/** Takes no more connections, and resolves when those there are have ended; after `timeoutMs` they are cut. */
async function close(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  // A request that began before the stop leaves its connection open.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(() => {
    server.closeAllConnections()
    late.resolve()
  }, timeoutMs)
  await Promise.race([closed, late.promise])
  clearInterval(idle)
  clearTimeout(timer)
}

/**
 * `npm start` runs us through a shell that keeps signals to itself, so a SIGTERM sent to npm would leave us running
 * alone. Our parent changes when that shell is gone: that is the signal.
 */
function stopWithNpm(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, NPM_CHECK_MS).unref()
}
