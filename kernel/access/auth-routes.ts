import { z } from 'zod'
import { problem } from '../errors.ts'
import type { AccessKit, AccessParts } from './access-plugin.ts'
import { emailAddress } from './email.ts'
import { registerTenant, registration } from './registration.ts'
import { credentials, signedInBody } from './sign-in.ts'

/** Registering, logging in, staying logged in and logging out (contract 3.1). */
export function authRoutes(kit: AccessKit, parts: AccessParts): void {
  const { signIn, passwords, features, settings } = parts

  /** Where a deployment logs in elsewhere, its routes for passwords are closed. */
  function requirePasswords(): void {
    if (settings.AUTH_POLICY !== 'restricted') return
    throw problem('auth_policy_restricted', 'This deployment logs in with Microsoft only.')
  }

  kit.platformRoute('POST /auth/register', {
    summary: 'Register an account; it waits for its licence',
    access: 'public',
    atomic: false,
    limit: { perMinute: 60 },
    status: 201,
    body: registration,
    returns: z.object({ tenant_id: z.string(), user_id: z.string(), status: z.literal('pending') }),
    handle: async ({ body }, { call }) => {
      requirePasswords()
      const made = await registerTenant(call.db, body, { passwords, features }, call.now())
      call.audit(made.tenant_id, {
        action: 'tenant.registered',
        resourceType: 'tenant',
        resourceId: made.tenant_id,
        after: { account_name: body.account_name, name: body.tenant_name, user_id: made.user_id },
      })
      return { ...made, status: 'pending' as const }
    },
  })

  kit.platformRoute('POST /auth/check-method', {
    summary: 'How an e-mail logs in',
    description: 'The same answer whether there is an account or not.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 60 },
    body: z.strictObject({ email: emailAddress }),
    returns: z.object({ method: z.enum(['password']) }),
    handle: () => {
      requirePasswords()
      return { method: 'password' as const }
    },
  })

  kit.platformRoute('POST /auth/login', {
    summary: 'Log in with e-mail and password',
    description: 'Sets the cookie `refresh_token`. Failed attempts slow down the next ones: 429 with `Retry-After`.',
    access: 'public',
    atomic: false,
    body: credentials,
    returns: signedInBody,
    handle: ({ body }, { call }, request) => {
      requirePasswords()
      return signIn.login(call, body, request)
    },
  })

  kit.platformRoute('POST /auth/refresh', {
    summary: 'Exchange the refresh cookie for a new access token',
    description: 'Each refresh token works once; using one again ends the session.',
    access: 'public',
    atomic: false,
    returns: signedInBody,
    handle: (_input, { call }, request) => signIn.refresh(call, request),
  })

  kit.platformRoute('POST /auth/logout', {
    summary: 'End the session of the refresh cookie',
    access: 'public',
    atomic: false,
    handle: (_input, { call }, request) => signIn.logout(call, request),
  })
}
