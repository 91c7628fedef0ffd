import knex from 'knex'
import type { Dialect } from '../../db/database.ts'
import { errorCodes, Problem, problem } from '../errors.ts'

/** RFC 9457 body of an error answer; `error` is the stable code of the table in `errors.ts`. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  readonly error: string
  readonly trace_id: string
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
}

const RETRY = { 'Retry-After': '2' }

/** The problem that an error means to the caller; what is not recognised is ours, and nothing of it is told. */
export function toProblem(error: unknown, dialect: Dialect): Problem {
  if (error instanceof Problem) return error
  if (dialect.isUniqueViolation(error)) {
    return problem('conflict', 'A record with these values exists already.', { cause: error })
  }
  if (dialect.isForeignKeyViolation(error)) {
    return problem('conflict', 'Another record refers to this one, or the one referred to does not exist.', {
      cause: error,
    })
  }
  if (dialect.isStorageFull(error)) return problem('storage_full', undefined, { cause: error })
  if (dialect.isTransient(error) || error instanceof knex.KnexTimeoutError) {
    return problem('database_unavailable', 'Try again in a moment.', { cause: error, headers: RETRY })
  }
  const { status, expose } = Object(error) as { status?: number; expose?: boolean }
  if (expose && status === 400) return problem('malformed', undefined, { cause: error })
  return problem('internal', 'Something went wrong on our side. Quote the trace id when you report it.', {
    cause: error,
  })
}

/** The body of a problem. */
export function problemBody(error: Problem, instance: string, traceId: string): ProblemBody {
  const [status, title] = errorCodes[error.code]
  return {
    type: `https://docs.cloud.monozu.io/errors#${error.code}`,
    title,
    status,
    detail: error.message,
    instance,
    error: error.code,
    trace_id: traceId,
    ...(error.errors ? { errors: error.errors } : {}),
  }
}
