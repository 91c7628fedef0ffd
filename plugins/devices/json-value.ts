import { z } from 'zod'

const DEEPEST = 32

/**
 * Any JSON of at most so many bytes, and 32 levels: what is deeper is no data, and brings down whoever walks through it.
 * The body of a request or a frame is JSON already.
 */
export const jsonValue = (mostBytes: number) => z.unknown().superRefine(bounded(mostBytes))

/** The same for an object. */
export const jsonObject = (mostBytes: number) => z.record(z.string(), z.unknown()).superRefine(bounded(mostBytes))

const bounded =
  (mostBytes: number) =>
  (value: unknown, context: z.core.$RefinementCtx): void => {
    if (value === undefined) return
    if (isTooDeep(value)) context.addIssue(`must have at most ${DEEPEST} levels`)
    else if (Buffer.byteLength(JSON.stringify(value)) > mostBytes) {
      context.addIssue(`must be at most ${mostBytes} bytes as JSON`)
    }
  }

function isTooDeep(root: unknown): boolean {
  let level = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true
    level = level.flatMap(value => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
  return false
}
