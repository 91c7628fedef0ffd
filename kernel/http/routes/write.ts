import { createHash } from 'node:crypto'
import type Koa from 'koa'
import type { Principal } from '../../access/principal.ts'
import type { CallCore } from '../../call.ts'
import type { RegisteredRoute } from '../../plugins/registrations.ts'
import { beginIdempotent, finishIdempotent, holdIdempotencyKey, type IdempotentRequest } from '../idempotency.ts'
import type { OpenInput } from '../input.ts'
import { Reply } from '../reply.ts'

/** Runs a write in one transaction, once per idempotency key. */
export async function write(
  ctx: Koa.Context,
  { method, route }: RegisteredRoute,
  core: CallCore,
  principal: Principal,
  open: OpenInput,
  work: () => Promise<unknown>,
): Promise<unknown> {
  if (route.atomic === false) return work()
  // An upload is read as it comes in, so the transaction may wait for the client.
  const options = { short: !route.upload }
  const key = ctx.get('Idempotency-Key')
  if (method !== 'POST' || key === '' || route.upload) return core.slot.run(principal.tenantId, work, options)
  const request: IdempotentRequest = {
    tenantId: principal.tenantId,
    actorId: principal.actor.id,
    key,
    method,
    path: ctx.path,
    requestHash: createHash('sha256')
      .update(JSON.stringify([ctx.querystring, open.input.body]))
      .digest('hex'),
    now: core.runtime.now(),
  }
  using _held = holdIdempotencyKey(request)
  const db = core.platform.forTenant(principal.tenantId)
  const once = async (): Promise<unknown> => {
    const begun = await beginIdempotent(db, request)
    if (begun.kind === 'repeat') {
      return new Reply(begun.body, {
        status: begun.status,
        headers: { ...begun.headers, 'Idempotency-Replayed': 'true' },
      })
    }
    const answer = await work()
    const { body, status } = plain(answer, route.status ?? 200)
    const revision = answer instanceof Reply ? answer.options.revision : undefined
    const headers = revision === undefined ? undefined : { ETag: `"${revision}"` }
    await finishIdempotent(db, request, { status, body, headers, keep: route.secretAnswer !== true })
    return answer
  }
  return await core.slot.run(principal.tenantId, once, options)
}

function plain(answer: unknown, status: number): { body: unknown; status: number } {
  return answer instanceof Reply
    ? { body: answer.body, status: answer.options.status ?? status }
    : { body: answer, status }
}
