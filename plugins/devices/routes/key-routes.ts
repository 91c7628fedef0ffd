import { reply } from '../../../kernel/contract.ts'
import type { DeviceKit } from '../plugin.ts'
import { NewKeyShown, NewProvisioningKey, ProvisioningKey } from '../provisioning-key.ts'
import { provisioningKeyList, toProvisioningKey } from '../repositories/provisioning-key-repository.ts'

/** The keys with which devices register. */
export function keyRoutes(kit: DeviceKit): void {
  kit.route('GET /edge/keys', {
    summary: 'Provisioning keys',
    permission: 'edge-keys:manage',
    query: provisioningKeyList.query,
    returns: provisioningKeyList.returns(ProvisioningKey),
    async handle({ query }, { call }) {
      const { items, ...page } = await provisioningKeyList.page(call.db, query)
      const now = call.now()
      return { items: items.map(row => toProvisioningKey(row, now)), ...page }
    },
  })
  kit.route('POST /edge/keys', {
    summary: 'Make a provisioning key',
    description: 'The key is in the answer, under two names, and is never shown again.',
    permission: 'edge-keys:manage',
    body: NewProvisioningKey,
    returns: NewKeyShown,
    status: 201,
    secretAnswer: true,
    async handle({ body }, { provisioningKeyService }) {
      const { key, secret } = await provisioningKeyService.create(body)
      return reply({ ...key, provisioning_key: secret, key: secret }, { status: 201 })
    },
  })
  kit.route('DELETE /edge/keys/:id', {
    summary: 'Revoke a provisioning key',
    description: 'Devices that registered with it stay.',
    permission: 'edge-keys:manage',
    handle: ({ params }, { provisioningKeyService }) => provisioningKeyService.revoke(params.id),
  })
}
