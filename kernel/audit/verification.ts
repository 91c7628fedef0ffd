import { z } from 'zod'

/** What a check of a chain found. */
export const Verification = z
  .object({
    valid: z.boolean(),
    checked: z.number().int().describe('Lines whose hash was computed'),
    first_sequence: z.number().int().nullable().describe('The oldest line that retention has left'),
    last_sequence: z.number().int().nullable(),
    before_first: z.string().nullable().describe('The hash that the oldest line rests on'),
    last_hash: z.string().nullable().describe('Keep it elsewhere: a chain that does not lead there later was changed'),
    sealed_at: z.string().nullable(),
    unsealed: z.number().int().describe('Lines that are too new to have their place'),
    head: z
      .enum(['none', 'valid', 'previous_key', 'unknown_key', 'invalid', 'missing'])
      .describe('The signature of the end of the chain; `none`: nothing is sealed yet'),
    problem: z
      .object({
        kind: z.enum(['changed', 'missing', 'inserted', 'reordered', 'rewritten', 'head']),
        sequence: z.number().int().nullable(),
        id: z.string().nullable(),
      })
      .nullable()
      .describe('The first thing that is wrong'),
  })
  .meta({ id: 'AuditVerification' })

/** What `Verification` describes. */
export type Verification = z.output<typeof Verification>

/** Something wrong with a chain. */
export type ChainProblem = NonNullable<Verification['problem']>
