import { z } from 'zod'
import type { Call, PlatformCall } from '../../contract.ts'
import type { Sealer } from '../../secrets/sealed.ts'

/** The job that does what must not be seen in the time or the answer of a request. */
export const ACCOUNT_JOB = 'account-mail'

const accountWork = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('password-forgotten'), email: z.string() }),
  z.strictObject({
    kind: z.literal('invitation'),
    tenantId: z.string(),
    invitationId: z.string(),
    token: z.string(),
  }),
  z.strictObject({
    kind: z.literal('email-change'),
    tenantId: z.string(),
    userId: z.string(),
    sessionId: z.string(),
    email: z.string(),
  }),
])

/** What is left to do once a request has its answer. */
export type AccountWork = z.output<typeof accountWork>

/** What a run of the job gets: sealed, as it holds addresses of strangers and tokens. */
export const sealedWork = z.strictObject({ sealed: z.string() })

/** Queues work, in the transaction of the call. */
export async function queueAccountWork(call: Call | PlatformCall, sealer: Sealer, work: AccountWork): Promise<void> {
  await call.enqueue(ACCOUNT_JOB, { sealed: sealer.seal(ACCOUNT_JOB, JSON.stringify(work)) })
}

/** The work of a run. */
export const openAccountWork = (sealer: Sealer, { sealed }: z.output<typeof sealedWork>): AccountWork =>
  accountWork.parse(JSON.parse(sealer.open(ACCOUNT_JOB, sealed)))
