import { z } from 'zod'
import type { AccessKit, AccessParts } from './access-plugin.ts'
import { emailAddress } from './email.ts'
import { credentials, nextStepBody, signedInBody } from './sign-in.ts'
import { requirePasswords } from './tenant-policy.ts'

/** Logging in, staying logged in and logging out (contract 3.1). */
export function authRoutes(kit: AccessKit, parts: AccessParts): void {
  const { signIn, settings, federation } = parts

  kit.platformRoute('POST /auth/check-method', {
    summary: 'How an e-mail logs in',
    description:
      'By the domain alone, so the same whether there is an account or not. For all but `password`: go to ' +
      '`/auth/oidc/login?email=…`.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 60 },
    body: z.strictObject({ email: emailAddress }),
    returns: z.object({ method: z.enum(['password', 'microsoft', 'oidc']) }),
    handle: async ({ body }, { call }) => {
      requirePasswords(settings)
      return { method: await federation.directory.methodOf(call.db, body.email) }
    },
  })

  kit.platformRoute('POST /auth/login', {
    summary: 'Log in with e-mail and password',
    description:
      'Sets the cookie `refresh_token`, or asks for a second factor. Failed attempts slow down the next ones: 429 with ' +
      '`Retry-After`.',
    access: 'public',
    atomic: false,
    body: credentials,
    returns: z.union([signedInBody, nextStepBody]),
    handle: ({ body }, { call }, request) => {
      requirePasswords(settings)
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
