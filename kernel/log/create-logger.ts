import { hostname } from 'node:os'
import bunyan from 'bunyan'
import { errorFields } from './error-fields.ts'
import { jsonLine } from './json-line.ts'
import { createLineWriter, type LineWriter } from './line-writer.ts'
import type { Log, LogFields, LogLevel } from './log.ts'
import { redact } from './redact.ts'
import { createRequestLog, type RequestChoice, type RequestLog } from './request-log.ts'
import { type LineFormat, type LogRecord, textFormat } from './text-line.ts'

/** The part of the configuration that the logger reads. */
export interface LogSettings {
  readonly LOG_LEVEL: LogLevel | 'silent'
  readonly LOG_FORMAT: 'json' | 'text'
  readonly LOG_REQUESTS: RequestChoice
}

/** Looks at each record, redacted, before it is written; gives back the record to write. */
export type LogTap = (record: LogRecord) => LogRecord

/** Everything that writes to the process's log. */
export interface Logging {
  readonly log: Log
  readonly requestLog: RequestLog
  /** From now on the lines of `log` go through this; undefined: as they are. */
  tap(tap: LogTap | undefined): void
  /** Hands everything so far to the operating system; call it before a signal ends the process. */
  flush(): void
  /** Flushes and lets go of the process's `exit` event. */
  close(): void
}

/** The name in every record. */
const name = 'monozu-cloud'
const silent = 61

/**
 * The logger of a process: bunyan records, redacted, as JSON or text.
 * @param writer where lines go; default: standard output, in batches
 */
export function createLogger(settings: LogSettings, writer: LineWriter = standardOutput(settings)): Logging {
  const level = settings.LOG_LEVEL === 'silent' ? silent : bunyan.resolveLevel(settings.LOG_LEVEL)
  const format = lineFormat(settings)
  const base = { name, hostname: hostname(), pid: process.pid }
  let tapped: LogTap | undefined
  const root = bunyan.createLogger({
    ...base,
    streams: [
      {
        type: 'raw',
        level,
        stream: {
          write: (record: object) => {
            const safe = redact(record, errorFields) as LogRecord
            writer.write((format ?? jsonLine)(tapped ? tapped(safe) : safe))
            if (safe.level >= bunyan.FATAL) writer.flush()
          },
        },
      },
    ],
  })
  return {
    log: new BunyanLog(root),
    requestLog: createRequestLog({ choice: settings.LOG_REQUESTS, level, base, format, writer }),
    tap(tap) {
      tapped = tap
    },
    flush: () => writer.flush(),
    close: () => writer.close(),
  }
}

const lineFormat = (settings: LogSettings): LineFormat | undefined =>
  settings.LOG_FORMAT === 'json'
    ? undefined
    : textFormat(process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '')

const standardOutput = (settings: LogSettings): LineWriter => {
  const format = lineFormat(settings) ?? jsonLine
  return createLineWriter(1, {
    gap: lost =>
      format({ name, level: 40, msg: `${lost} log lines were lost`, time: new Date().toISOString(), lines_lost: lost }),
  })
}

/** Field names that bunyan keeps for itself: a caller's `level` would otherwise replace the line's. */
const reserved = ['name', 'hostname', 'pid', 'level', 'time', 'msg', 'v'] as const

const withoutReserved = (fields: LogFields): LogFields => {
  if (!reserved.some(field => field in fields)) return fields
  const renamed: Record<string, unknown> = { ...fields }
  for (const field of reserved) {
    if (!(field in renamed)) continue
    renamed[`${field}_`] = renamed[field]
    delete renamed[field]
  }
  return renamed
}

/** A bunyan logger behind our interface: no formats, no reserved fields, children without copies of the streams. */
class BunyanLog implements Log {
  readonly #bunyan: bunyan

  constructor(logger: bunyan) {
    this.#bunyan = logger
  }

  trace(first: string | LogFields | Error, message?: string): void {
    this.#write('trace', first, message)
  }

  debug(first: string | LogFields | Error, message?: string): void {
    this.#write('debug', first, message)
  }

  info(first: string | LogFields | Error, message?: string): void {
    this.#write('info', first, message)
  }

  warn(first: string | LogFields | Error, message?: string): void {
    this.#write('warn', first, message)
  }

  error(first: string | LogFields | Error, message?: string): void {
    this.#write('error', first, message)
  }

  fatal(first: string | LogFields | Error, message?: string): void {
    this.#write('fatal', first, message)
  }

  enabled(level: LogLevel): boolean {
    return this.#bunyan.level() <= bunyan.resolveLevel(level)
  }

  child(fields: LogFields): Log {
    return new BunyanLog(this.#bunyan.child(withoutReserved(fields), true))
  }

  #write(level: LogLevel, first: string | LogFields | Error, message: string | undefined): void {
    if (typeof first === 'string') this.#bunyan[level](first)
    else if (first instanceof Error) this.#bunyan[level]({ err: first }, message ?? errorFields(first).message)
    else this.#bunyan[level](withoutReserved(first), message ?? '')
  }
}
