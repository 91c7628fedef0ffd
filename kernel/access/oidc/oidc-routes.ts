import { z } from 'zod'
import type { AccessKit, AccessParts } from '../access-plugin.ts'
import { emailAddress } from '../email.ts'
import { emailDomain } from './email-domain.ts'
import { returnPath } from './return-path.ts'

const beginning = {
  return_to: returnPath.describe('Path of the application to go to afterwards; handed back as `return_to`'),
  invitation_token: z.string().max(100).optional().describe('Of whom was invited: joins that account, with its groups'),
}
const parameter = z.string().max(5_000).optional().catch(undefined)
/** Providers add parameters of their own, such as `session_state`. */
const answer = z.looseObject({
  code: parameter,
  state: parameter,
  iss: parameter,
  error: parameter,
  error_description: parameter,
})

/** Signing in at an identity provider (contract 4.5, 4.6). Browsers come here; nothing here is for scripts. */
export function oidcRoutes(kit: AccessKit, { federation: { elsewhere } }: AccessParts): void {
  const limit = { perMinute: 120 }
  const toApp =
    'Ends with a redirect to `{APP_BASE_URL}/auth/callback`: with `token` (an access token; the refresh cookie is set), with ' +
    '`mfa_required=true` and `session_token`, or with `error`. Who does not ask for HTML gets failures as problems.'

  kit.platformRoute('GET /auth/microsoft/login', {
    summary: 'Sign in with Microsoft: redirects to Entra ID',
    access: 'public',
    status: 302,
    limit,
    query: z.strictObject({
      email: emailAddress.optional().describe('Filled in there for the user'),
      ...beginning,
    }),
    handle: ({ query }, { call }, request) => elsewhere.toPlatform(call, query, request),
  })

  kit.platformRoute('GET /auth/microsoft/callback', {
    summary: 'Where Entra ID sends the browser back to',
    description: toApp,
    access: 'public',
    status: 302,
    limit,
    query: answer,
    handle: ({ query }, { call }, request) => elsewhere.back(call, 'microsoft', query, request),
  })

  kit.platformRoute('GET /auth/oidc/login', {
    summary: 'Sign in at the identity provider of an e-mail domain',
    description: "Redirects to the tenant's own provider or, where it has none, to the platform's.",
    access: 'public',
    status: 302,
    limit,
    query: z
      .strictObject({
        email: emailAddress.optional(),
        domain: emailDomain.optional(),
        ...beginning,
      })
      .refine(({ email, domain }) => (email === undefined) !== (domain === undefined), 'name an email or a domain'),
    handle: ({ query }, { call }, request) => elsewhere.toProviderOf(call, query, request),
  })

  kit.platformRoute('GET /auth/oidc/callback', {
    summary: "Where a tenant's identity provider sends the browser back to",
    description: toApp,
    access: 'public',
    status: 302,
    limit,
    query: answer,
    handle: ({ query }, { call }, request) => elsewhere.back(call, 'oidc', query, request),
  })
}
