import { createLogger, type Logging } from '../../../kernel/log/create-logger.ts'

/** A real log whose lines are kept. */
export interface CapturedLog {
  readonly logging: Logging
  /** As they were written. */
  readonly lines: string[]
  /** The lines as records. */
  records(): Record<string, unknown>[]
}

/** Logs everything, as production does, into memory. */
export function capturedLog(LOG_LEVEL: 'trace' | 'info' = 'trace'): CapturedLog {
  const lines: string[] = []
  const logging = createLogger(
    { LOG_LEVEL, LOG_FORMAT: 'json', LOG_REQUESTS: 'all' },
    { write: line => void lines.push(line), flush: () => undefined, close: () => undefined },
  )
  return { logging, lines, records: () => lines.map(line => JSON.parse(line) as Record<string, unknown>) }
}
