import { z } from 'zod'
import { isDeeperThan } from '../../kernel/contract.ts'

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
    if (isDeeperThan(value, DEEPEST)) context.addIssue(`must have at most ${DEEPEST} levels`)
    else if (Buffer.byteLength(JSON.stringify(value)) > mostBytes) {
      context.addIssue(`must be at most ${mostBytes} bytes as JSON`)
    }
  }
