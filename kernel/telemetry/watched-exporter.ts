import type { Complain } from './complaints.ts'

interface Result {
  readonly code: number
  readonly error?: Error
}

interface Exporter<T> {
  export(items: T, done: (result: Result) => void): void | Promise<void>
}

/** Batches on their way at once; what comes beyond is given up, so that a receiver that hangs holds no memory. */
const MOST_PENDING = 4
const FAILED = 1

/** Makes an exporter complain about what it could not send, answer once, never throw, and hold a bounded number of batches. */
export function watchExporter<E extends Exporter<never>>(exporter: E, about: string, complain: Complain): E {
  const send = exporter.export.bind(exporter) as Exporter<unknown>['export']
  let pending = 0
  exporter.export = (items: unknown, done: (result: Result) => void): void => {
    if (pending >= MOST_PENDING) {
      const error = new Error('the receiver does not answer')
      complain(about, error)
      done({ code: FAILED, error })
      return
    }
    pending += 1
    let answered = false
    const answer = (result: Result): void => {
      if (answered) return
      answered = true
      pending -= 1
      if (result.code !== 0) complain(about, result.error)
      done(result)
    }
    const fail = (error: unknown): void =>
      answer({ code: FAILED, error: error instanceof Error ? error : new Error(String(error)) })
    try {
      Promise.resolve(send(items, answer)).catch(fail)
    } catch (error) {
      fail(error)
    }
  }
  return exporter
}
