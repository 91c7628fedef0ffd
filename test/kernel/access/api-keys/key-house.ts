import { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../../../../kernel/contract.ts'
import { type Answer, Client } from '../../../../kernel/testing/client.ts'
import { startTestKernel, type TestKernel, type TestKernelOptions } from '../../../../kernel/testing/test-kernel.ts'
import { TestSocket } from '../../../../kernel/testing/test-socket.ts'
import { talkPlugin } from '../../ws/talk-plugin.ts'

/** A plugin with routes to call with a key. */
const pumps = definePlugin({
  name: 'pumps',
  version: '1.0.0',
  title: 'Pumps',
  segments: ['pumps'],
  permissions: { 'pumps:read': 'View pumps', 'pumps:start': 'Start pumps' },
  setup(kit) {
    kit.route('GET /pumps', {
      summary: 'Pumps',
      permission: 'pumps:read',
      returns: z.object({ tenant: z.string(), actor: z.object({ kind: z.string(), id: z.string() }) }),
      handle: (_input, { call }) => ({ tenant: call.tenant.id, actor: { kind: call.actor.kind, id: call.actor.id } }),
    })
    let started = 0
    kit.route('POST /pumps', {
      summary: 'Start a pump',
      permission: 'pumps:start',
      limit: { perMinute: 5 },
      status: 201,
      body: z.strictObject({ note: z.string().optional() }),
      returns: z.object({ id: z.string() }),
      handle: ({ body }, { call }) => {
        const id = `pump ${++started}`
        call.audit({ action: 'pump.started', resourceType: 'pump', resourceId: id, after: body })
        return { id }
      },
    })
  },
}) as unknown as AnyPlugin

/** A kernel with a plugin to call and a channel to hear. */
export const startHouse = (options: TestKernelOptions = {}): Promise<TestKernel> =>
  startTestKernel({
    plugins: [pumps, talkPlugin()],
    ...options,
    kernel: { socketLimits: { beatMs: 20 }, ...options.kernel },
  })

/** A key that was made, with a client that sends it. */
export interface MadeKey {
  readonly id: string
  readonly key: string
  readonly client: Client
  readonly answer: Answer
}

/** Makes a key as an administrator of tenant `a`. */
export async function makeKey(house: TestKernel, permissions: readonly string[], more: object = {}): Promise<MadeKey> {
  const answer = await (await house.as('a')).post('/api-keys', { name: 'Robot', permissions, ...more })
  if (answer.status !== 201) throw new Error(answer.text)
  const { id, api_key } = answer.body
  return { id, key: api_key, client: withKey(house, api_key), answer }
}

/** Sends requests with a key. */
export const withKey = (house: TestKernel, key: string): Client =>
  new Client(house.kernel.app, { authorization: `Bearer ${key}` })

/** Opens a socket with a key. */
export const openTalk = async (house: TestKernel, key: string): Promise<TestSocket> =>
  TestSocket.open(`${await house.socketUrl()}/api/ws/talk`, { headers: { authorization: `Bearer ${key}` } })
