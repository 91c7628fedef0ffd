import type { Adapter, AdapterPayload } from 'oidc-provider'

/** Makes adapters that keep what a provider remembers, for as long as the provider lives. */
export function providerMemory(): (model: string) => Adapter {
  const stored = new Map<string, AdapterPayload>()
  const found = (matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined =>
    [...stored.values()].find(matches)
  return model => ({
    upsert: async (id, payload) => void stored.set(`${model}:${id}`, payload),
    find: async id => stored.get(`${model}:${id}`),
    findByUid: async uid => found(payload => payload.uid === uid && payload.kind === model),
    findByUserCode: async userCode => found(payload => payload.userCode === userCode),
    consume: async id => {
      const payload = stored.get(`${model}:${id}`)
      if (payload) payload.consumed = Math.floor(Date.now() / 1000)
    },
    destroy: async id => void stored.delete(`${model}:${id}`),
    revokeByGrantId: async grantId => {
      for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key)
    },
  })
}
