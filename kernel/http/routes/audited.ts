import type { CallCore } from '../../call.ts'
import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { OpenInput } from '../input.ts'
import { Reply } from '../reply.ts'

/** What the line is called that a write leaves when its handler records none. */
export interface DefaultAudit {
  readonly action: string
  readonly resourceType: string
}

/** True for a route of the operators of the platform: whatever they look at leaves a line, too. */
export const isOperators = ({ kind, route }: RegisteredRoute): boolean =>
  kind === 'platform' && route.access === 'platform-admin'

const verbs = { GET: 'viewed', POST: 'created', PUT: 'replaced', PATCH: 'updated', DELETE: 'deleted' } as const

/** `PATCH /assets/:id` is `assets.updated`; `POST /changes/:id/approve` is `changes.approve`. */
export function defaultAudit(registered: RegisteredRoute): DefaultAudit | undefined {
  const { method, path, route } = registered
  if (route.audit === false || (method === 'GET' && !isOperators(registered))) return undefined
  const parts = path.replace(/^\/(api\/v1|internal|v1)\//, '').split('/')
  const words = parts.filter(part => !part.startsWith(':'))
  const resourceType = words[0] as string
  const did = words.slice(1)
  if (did.length === 0 || method === 'GET') did.push(verbs[method])
  const action = did.join('.')
  return route.audit ?? { action: `${resourceType}.${action}`, resourceType }
}

/**
 * Runs the work, and adds an audit line of its own when the handler recorded none.
 * @param tenantId whose log the line is for; null: the platform's; undefined: work of the platform that leaves none
 */
export async function audited(
  core: CallCore,
  tenantId: string | null | undefined,
  audit: DefaultAudit | undefined,
  open: OpenInput,
  work: () => Promise<unknown>,
): Promise<unknown> {
  if (audit) core.defaultAction = audit.action
  const answer = await work()
  if (audit && tenantId !== undefined && !core.audited) {
    const made = (answer instanceof Reply ? answer.body : answer) as { id?: unknown } | undefined | null
    core.audit(tenantId ?? undefined, {
      ...audit,
      resourceId: open.input.params.id ?? (typeof made?.id === 'string' ? made.id : ''),
    })
  }
  await core.flush(tenantId ?? undefined)
  return answer
}
