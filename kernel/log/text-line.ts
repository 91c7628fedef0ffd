import { escapeControls } from './control-characters.ts'
import type { ErrorFields } from './error-fields.ts'

/** A record as bunyan makes it, after redaction. */
export interface LogRecord {
  readonly level: number
  readonly msg: string
  readonly time: string
  readonly plugin?: unknown
  readonly err?: unknown
  readonly [field: string]: unknown
}

/** Turns a record into what goes out, ending in a newline. */
export type LineFormat = (record: LogRecord) => string

const levels: Readonly<Record<number, readonly [name: string, colour: number]>> = {
  10: ['TRACE', 90],
  20: ['DEBUG', 90],
  30: ['INFO ', 32],
  40: ['WARN ', 33],
  50: ['ERROR', 31],
  60: ['FATAL', 35],
}
const notShown = new Set(['level', 'msg', 'time', 'name', 'hostname', 'pid', 'v', 'plugin', 'err'])

/**
 * Lines for people: `11:35:58.123 INFO  assets  2 rows imported  tenant_id=… rows=2`, an error's frames indented below.
 * @param colour whether to colour the level (a terminal without NO_COLOR)
 */
export function textFormat(colour: boolean): LineFormat {
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  return record => {
    const [name, code] = levels[record.level] ?? [String(record.level), 0]
    const plugin = typeof record.plugin === 'string' ? `${paint(36, escapeControls(record.plugin))}  ` : ''
    const fields = Object.entries(record)
      .filter(([field, value]) => !notShown.has(field) && value !== undefined)
      .map(([field, value]) => `${escapeControls(field)}=${shown(value)}`)
      .join(' ')
    const head = `${record.time.slice(11, 23)} ${paint(code, name)} ${plugin}${escapeControls(record.msg)}`
    const error = record.err === undefined ? '' : errorText(record.err, record.msg)
    return `${head}${fields === '' ? '' : `  ${paint(90, fields)}`}\n${error}`
  }
}

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return typeof value === 'string' && !/^[^\s"=]+$/.test(text)
    ? escapeControls(JSON.stringify(text))
    : escapeControls(text)
}

const errorText = (value: unknown, message: string, prefix = ''): string => {
  if (typeof value !== 'object' || value === null) return `    ${prefix}${shown(value)}\n`
  const error = value as Partial<ErrorFields>
  const code = error.code === undefined ? '' : ` (${escapeControls(String(error.code))})`
  const title = `${prefix}${error.name ?? 'Error'}: ${error.message ?? ''}`
  const head = error.message === message && code === '' ? '' : `    ${escapeControls(title)}${code}\n`
  const frames = error.stack === undefined ? [] : error.stack.split('\n')
  const causes = [...(error.cause === undefined ? [] : [error.cause]), ...(error.errors ?? [])]
  return [
    head,
    ...frames.map(frame => `      ${escapeControls(frame)}\n`),
    ...causes.map(cause => errorText(cause, '', 'caused by ')),
  ].join('')
}
