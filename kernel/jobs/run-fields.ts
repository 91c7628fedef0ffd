import { z } from 'zod'

/** What is told of a run wherever it is shown: as an answer, and while it gets on. */
export const runFields = {
  id: z.string(),
  plugin: z.string(),
  name: z.string(),
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  progress: z.object({ done: z.number(), total: z.number().optional(), message: z.string().optional() }).nullable(),
}
