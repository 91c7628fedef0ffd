import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { Runtime } from '../../runtime.ts'
import { Reply } from '../reply.ts'

/** In tests and development an answer must be what the route says it is; in production nobody pays for that. */
export function answerCheck(
  runtime: Runtime,
  { method, path, route }: RegisteredRoute,
): ((answer: unknown) => void) | undefined {
  const schema = route.returns
  if (!runtime.checksAnswers || !schema) return undefined
  return answer => {
    if (answer instanceof Reply && (answer.options.type || answer.body === undefined || answer.options.headers)) return
    const result = schema.safeParse(answer instanceof Reply ? answer.body : answer)
    if (result.success) return
    const faults = result.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; ')
    throw new Error(`${method} ${path} answered something else than its "returns" says: ${faults}`)
  }
}
