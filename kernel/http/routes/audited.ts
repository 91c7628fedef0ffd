import type { CallCore } from '../../call.ts'
import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { OpenInput } from '../input.ts'
import { Reply } from '../reply.ts'

/** What the line is called that a write leaves when its handler records none. */
export interface DefaultAudit {
  readonly action: string
  readonly resourceType: string
}

/** `PATCH /assets/:id` is `assets.updated`; `POST /changes/:id/approve` is `changes.approve`. */
export function defaultAudit({ method, path, route }: RegisteredRoute): DefaultAudit | undefined {
  if (method === 'GET' || route.audit === false) return undefined
  const parts = path.replace(/^\/(api\/v1|internal|v1)\//, '').split('/')
  const verbs = { POST: 'created', PUT: 'replaced', PATCH: 'updated', DELETE: 'deleted' } as const
  const words = parts.filter(part => !part.startsWith(':'))
  const resourceType = words[0] as string
  const action = words.length > 1 ? words.slice(1).join('.') : verbs[method]
  return route.audit ?? { action: `${resourceType}.${action}`, resourceType }
}

/** Runs the work, and adds an audit line of its own when the handler recorded none. */
export async function audited(
  core: CallCore,
  tenantId: string | undefined,
  audit: DefaultAudit | undefined,
  open: OpenInput,
  work: () => Promise<unknown>,
): Promise<unknown> {
  if (audit) core.defaultAction = audit.action
  const answer = await work()
  if (audit && tenantId && !core.audited) {
    const made = (answer instanceof Reply ? answer.body : answer) as { id?: unknown } | undefined | null
    core.audit(tenantId, {
      ...audit,
      resourceId: open.input.params.id ?? (typeof made?.id === 'string' ? made.id : ''),
    })
  }
  await core.flush(tenantId)
  return answer
}
