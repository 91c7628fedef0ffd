import { type Context, type Counter, trace } from '@opentelemetry/api'
import type { LogAttributes, LogRecord as OtelRecord } from '@opentelemetry/api-logs'
import type { LogTap } from '../log/create-logger.ts'
import type { ErrorFields } from '../log/error-fields.ts'
import type { LogRecord } from '../log/text-line.ts'

/** Takes a line to export. */
export type EmitLine = (record: OtelRecord) => void

/** Bunyan's levels by OpenTelemetry's number and text. */
const severities: Readonly<Record<number, readonly [number: number, text: string]>> = {
  10: [1, 'TRACE'],
  20: [5, 'DEBUG'],
  30: [9, 'INFO'],
  40: [13, 'WARN'],
  50: [17, 'ERROR'],
  60: [21, 'FATAL'],
}
const ERROR = 50
/** What the record or the resource says already. */
const notAttributes = new Set(['level', 'msg', 'time', 'name', 'hostname', 'pid', 'v', 'err', 'trace_id', 'span_id'])

interface LogTapParts {
  /** The context of the work under way. */
  current(): Context | undefined
  readonly emit: EmitLine
  readonly errors: Counter
}

/** Gives log lines the ids of the span under way, counts the grave ones, and hands all of them on for export. */
export function createLogTap({ current, emit, errors }: LogTapParts): LogTap {
  return record => {
    const context = current()
    const span = context && trace.getSpanContext(context)
    const ownTrace = record.trace_id
    const isOfSpan = span !== undefined && (ownTrace === undefined || ownTrace === span.traceId)
    if (record.level >= ERROR) {
      errors.add(1, typeof record.plugin === 'string' ? { 'monozu.plugin': record.plugin } : {})
    }
    const [severityNumber, severityText] = severities[record.level] ?? [9, 'INFO']
    const attributes = attributesOf(record)
    if (!isOfSpan && ownTrace !== undefined) attributes.trace_id = ownTrace as string
    emit({
      timestamp: new Date(record.time),
      severityNumber,
      severityText,
      body: record.msg,
      attributes,
      ...(isOfSpan && context ? { context } : {}),
    })
    return isOfSpan ? { ...record, trace_id: span.traceId, span_id: span.spanId } : record
  }
}

/** The fields of a redacted record; an error under the names that OpenTelemetry has for it. */
function attributesOf(record: LogRecord): LogAttributes {
  const attributes: LogAttributes = {}
  for (const [name, value] of Object.entries(record)) {
    if (value === undefined || notAttributes.has(name)) continue
    attributes[attributeName(name)] = value as LogAttributes[string]
  }
  const error = record.err as ErrorFields | undefined
  if (typeof error === 'object' && error !== null) {
    const { name, message, stack, ...rest } = error
    attributes['exception.type'] = name
    attributes['exception.message'] = message
    if (stack !== undefined) attributes['exception.stacktrace'] = stack
    if (Object.keys(rest).length > 0) attributes.exception = JSON.stringify(rest)
  }
  return attributes
}

/** The same names as on spans. */
const attributeName = (field: string): string =>
  field === 'tenant_id' || field === 'plugin' ? `monozu.${field}` : field
