/** Named values of one log line, written as they are except for what `redact.ts` hides. JSON names: snake_case. */
export type LogFields = Readonly<Record<string, unknown>>

/** From the chattiest to the gravest. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/**
 * One method a level: a message, fields with a message, or an error with an optional message.
 * The message is plain text, never a format: `%s` in it stays `%s`.
 */
export interface LogMethod {
  (message: string): void
  (fields: LogFields, message: string): void
  (error: Error, message?: string): void
}

/** What kernel and plugins write with. Lines of a child carry its fields: `{ plugin, tenant_id, … }`. */
export interface Log {
  readonly trace: LogMethod
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
  readonly fatal: LogMethod
  /** True when lines of this level are written: ask before gathering costly fields. */
  enabled(level: LogLevel): boolean
  /** A logger that adds these fields to every line; cheap enough for one per call. */
  child(fields: LogFields): Log
}
