import test from 'ava'
import { accountRoutes } from '../../../kernel/access/account/account-routes.ts'
import { authRoutes } from '../../../kernel/access/auth-routes.ts'
import { Problem } from '../../../kernel/errors.ts'

test('where the policy is restricted, the routes for passwords answer 403', async t => {
  const routes = new Map<string, (input: unknown, context: unknown, request: unknown) => unknown>()
  const kit = {
    platformRoute: (signature: string, { handle }: { handle: never }) => void routes.set(signature, handle),
    job: () => undefined,
  }
  const parts = { settings: { AUTH_POLICY: 'restricted' } } as never
  authRoutes(kit as never, parts)
  accountRoutes(kit as never, parts, {} as never)
  for (const route of ['POST /auth/login', 'POST /auth/register', 'POST /auth/check-method']) {
    const error = await t.throwsAsync(
      async () => routes.get(route)?.({ body: {} }, {}, {}),
      { instanceOf: Problem },
      route,
    )
    t.is(error.code, 'auth_policy_restricted')
    t.is(error.status, 403)
  }
})
