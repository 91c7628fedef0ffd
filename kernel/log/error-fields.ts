import { redact, redactText } from './redact.ts'

/** How an error stands in a log line. */
export interface ErrorFields {
  readonly name: string
  readonly message: string
  readonly code?: string | number
  readonly status?: number
  /** The frames alone: the message is above, and a stack's copy of it may hold bound values. */
  readonly stack?: string
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

const deepestCause = 5

/**
 * An error as log fields with its chain of causes. Of a failed query the verb, the table and the database's own words
 * stay; the statement, its bindings and the values that the database quotes do not.
 */
export function errorFields(error: Error, depth = 0): ErrorFields {
  const { code, status } = error as { code?: unknown; status?: unknown }
  const next = (inner: unknown): unknown =>
    inner instanceof Error
      ? depth < deepestCause
        ? errorFields(inner, depth + 1)
        : '[more causes]'
      : redact(inner, deeper => errorFields(deeper, deepestCause))
  const stack = frames(error)
  return {
    name: String(error.name),
    message: redactText(withoutValues(String(error.message))),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(stack === '' ? {} : { stack }),
    ...(error.cause === undefined ? {} : { cause: next(error.cause) }),
    ...(error instanceof AggregateError ? { errors: error.errors.slice(0, 10).map(next) } : {}),
  }
}

const statement =
  /^\s*(insert into|update|delete from|delete|select|merge into|merge|with|create \w+|alter \w+|drop \w+|exec\w*)\b/i

/** Knex puts the statement, with the values filled in, before ` - ` and the driver's message. */
function withoutValues(message: string): string {
  const verb = statement.exec(message)?.[1]
  const end = verb === undefined ? -1 : message.lastIndexOf(' - ')
  if (verb === undefined || end === -1) return withoutQuoted(message)
  const table = /\b(?:into|update|from|table|join)\s+[`"[]?([\w.]+)/i.exec(message.slice(0, end))?.[1]
  return `${verb.toLowerCase()}${table === undefined ? '' : ` ${table}`}: ${withoutQuoted(message.slice(end + 3))}`
}

/** SQL Server quotes values: "The duplicate key value is (…)", "Truncated value: '…'", "the nvarchar value '…'". */
const withoutQuoted = (message: string): string =>
  message.replace(/(\bvalue(?: is)?:? )(?:\([^)]*\)|'[^']*')/gi, '$1[redacted]')

const frames = (error: Error): string =>
  typeof error.stack === 'string'
    ? error.stack
        .split('\n')
        .filter(line => /^\s+at /.test(line))
        .map(line => line.trim())
        .join('\n')
    : ''
