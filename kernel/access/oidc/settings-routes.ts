import { z } from 'zod'
import { etagReply } from '../../http/reply.ts'
import type { AccessKit, AccessParts } from '../access-plugin.ts'
import { authenticationBody, authenticationChanges } from './authentication-settings.ts'
import { domainBody, newDomain } from './email-domains.ts'
import { newProvider, providerBody, providerChoice } from './own-provider.ts'

/** How the users of a tenant log in: policy, own identity provider, e-mail domains. */
export function signInSettingsRoutes(kit: AccessKit, { federation }: AccessParts): void {
  const { authentication, ownProvider, domains, providers, directory } = federation

  kit.route('GET /settings/authentication', {
    summary: 'How users log in',
    permission: 'settings:read',
    returns: authenticationBody,
    handle: async (_input, { call }) => {
      const { body, revision } = await authentication.find(call.db)
      return etagReply(body, revision)
    },
  })

  kit.route('PATCH /settings/authentication', {
    summary: 'Change how users log in',
    description:
      'What would lock everybody out is refused. Sessions end that could not begin any more as they did, except your own.',
    permission: 'settings:manage',
    body: authenticationChanges,
    returns: authenticationBody,
    handle: async ({ body, ifMatch }, { call }) => {
      const changed = await authentication.change(call, body, ifMatch)
      return etagReply(changed.body, changed.revision)
    },
  })

  kit.route('GET /settings/oidc', {
    summary: "The account's own identity provider",
    permission: 'settings:read',
    returns: providerBody,
    handle: async (_input, { call }) => {
      const { body, revision } = await ownProvider.find(call)
      return etagReply(body, revision)
    },
  })

  kit.route('PUT /settings/oidc', {
    summary: "Set the account's own identity provider",
    description:
      'Needs all permissions, because the provider can let anybody in as anybody of the account. The secret is never shown; ' +
      'left out, the stored one stays, as long as provider and client do.',
    permission: 'settings:manage',
    body: newProvider,
    returns: providerBody,
    handle: async ({ body, ifMatch }, { call }) => {
      const set = await ownProvider.set(call, body, ifMatch)
      return etagReply(set.body, set.revision)
    },
  })

  kit.route('DELETE /settings/oidc', {
    summary: "Take the account's own identity provider away",
    description: 'Needs all permissions. Users and their sessions stay.',
    permission: 'settings:manage',
    handle: ({ ifMatch }, { call }) => ownProvider.remove(call, ifMatch),
  })

  kit.route('POST /settings/oidc/test', {
    summary: 'Look whether an identity provider can be used',
    description: 'Fetches its metadata and its keys. Stores nothing.',
    permission: 'settings:manage',
    atomic: false,
    audit: false,
    limit: { perMinute: 20 },
    body: providerChoice,
    returns: z.object({ ok: z.boolean(), issuer: z.string(), faults: z.array(z.string()) }),
    handle: async ({ body }) => {
      const issuer = directory.issuerOf(body.provider, body.issuer ?? null, body.entra_tenant_id ?? null)
      const faults = await providers.faultsOf(issuer)
      return { ok: faults.length === 0, issuer, faults }
    },
  })

  kit.route('GET /settings/email-domains', {
    summary: "The account's e-mail domains, with the DNS record that proves each",
    permission: 'settings:read',
    returns: z.object({ items: z.array(domainBody) }),
    handle: async (_input, { call }) => ({ items: await domains.list(call) }),
  })

  kit.route('POST /settings/email-domains', {
    summary: 'Add an e-mail domain, to be proven by DNS',
    permission: 'settings:manage',
    status: 201,
    body: newDomain,
    returns: domainBody,
    handle: ({ body }, { call }) => domains.add(call, body),
  })

  kit.route('POST /settings/email-domains/:id/verify', {
    summary: 'Look for the DNS record that proves a domain',
    description: '409 says what is missing.',
    permission: 'settings:manage',
    atomic: false,
    limit: { perMinute: 10 },
    returns: domainBody,
    handle: ({ params }, { call }) => domains.verify(call, params.id),
  })

  kit.route('DELETE /settings/email-domains/:id', {
    summary: 'Take an e-mail domain away; users with such an address stay',
    permission: 'settings:manage',
    handle: ({ params }, { call }) => domains.remove(call, params.id),
  })
}
