import { z } from 'zod'
import { etagReply } from '../../http/reply.ts'
import type { AccessKit } from '../access-plugin.ts'
import { apiKeyBody, apiKeyList, findApiKey, newApiKeyBody, toApiKey } from './api-key-list.ts'
import { type ApiKeys, keyChanges, newKey } from './api-keys.ts'

/** Keys for programs that call the API (contract 15.2). Users manage them; a key cannot. */
export function apiKeyRoutes(kit: AccessKit, { apiKeys }: { readonly apiKeys: ApiKeys }): void {
  kit.route('GET /api-keys', {
    summary: 'API keys, the newest first',
    description: 'Revoked ones are shown for 90 days.',
    permission: 'api-keys:manage',
    query: apiKeyList.query,
    returns: apiKeyList.returns(apiKeyBody),
    async handle({ query }, { call }) {
      const { items, ...page } = await apiKeyList.page(call.db, query)
      return { items: items.map(row => toApiKey(row, call.now())), ...page }
    },
  })
  kit.route('GET /api-keys/:id', {
    summary: 'An API key, without the key itself',
    permission: 'api-keys:manage',
    returns: apiKeyBody,
    async handle({ params }, { call }) {
      const row = await findApiKey(call.db, params.id)
      return etagReply(toApiKey(row, call.now()), row.revision)
    },
  })
  kit.route('POST /api-keys', {
    summary: 'Make an API key',
    description:
      'The key is in the answer, under two names, and is never shown again. You can only give it what you have yourself; ' +
      '`api-keys:manage`, `rbac:manage`, `settings:manage`, `users:invite` and `users:manage` no key has, also not by `*`.',
    permission: 'api-keys:manage',
    limit: { perMinute: 30 },
    status: 201,
    secretAnswer: true,
    body: newKey,
    returns: newApiKeyBody,
    async handle({ body }, { call }) {
      const { row, key } = await apiKeys.create(call, body)
      return etagReply({ ...toApiKey(row, call.now()), api_key: key, key }, row.revision, 201)
    },
  })
  kit.route('PATCH /api-keys/:id', {
    summary: 'Change the name, the permissions or the end of an API key',
    description: 'Who adds permissions must have them; who lets it live longer must have all that it may do.',
    permission: 'api-keys:manage',
    body: keyChanges,
    returns: apiKeyBody,
    async handle({ params, body, ifMatch }, { call }) {
      const row = await apiKeys.change(call, params.id, body, ifMatch)
      return etagReply(toApiKey(row, call.now()), row.revision)
    },
  })
  kit.route('DELETE /api-keys/:id', {
    summary: 'Revoke an API key',
    description: 'At once on this instance, within two seconds on others; its sockets close with 4401.',
    permission: 'api-keys:manage',
    handle: ({ params, ifMatch }, { call }) => apiKeys.revoke(call, params.id, ifMatch),
  })
  kit.job('prune-api-keys', {
    scope: 'platform',
    every: '1 day',
    data: z.object({}),
    run: async (_data, { call }) => ({ deleted: await apiKeys.prune(call.db, call.now()) }),
  })
}
