import { z } from 'zod'
import { type AnyPlugin, definePlugin, guestRef } from '../../../kernel/contract.ts'

const guests = guestRef('hall.guest', 'X-Hall-Key')

/** What the plugin of a kernel has seen of its sockets. */
export interface Seen {
  readonly opened: string[]
  readonly closed: string[]
}

/** Two channels, `hall` for users and `seat` for guests with one socket each, and routes that reach them. */
export function hallPlugin(seen: Seen = { opened: [], closed: [] }): AnyPlugin {
  return definePlugin({
    name: 'hall',
    version: '1.0.0',
    title: 'Hall',
    segments: ['hall', 'seat'],
    setup(kit) {
      kit.guests(guests, async credential => {
        const [id, tenantId] = credential.split('@')
        return id && tenantId ? { tenantId, actor: { kind: 'device', id } } : undefined
      })
      kit.channel('hall', {
        summary: 'What is said',
        permission: 'signed-in',
        send: { said: z.object({ n: z.number() }) },
      })
      kit.channel('seat', {
        summary: 'One socket of each guest',
        permission: 'signed-in',
        guests,
        single: true,
        send: { id: z.object({ id: z.string() }) },
        opened({ socket }) {
          seen.opened.push(socket.id)
          socket.send('id', { id: socket.id })
        },
        closed: ({ socket }) => void seen.closed.push(socket.id),
      })
      kit.route('POST /hall/say/:n', {
        summary: 'Says a number',
        permission: 'signed-in',
        params: z.object({ n: z.string() }),
        handle: ({ params }, { call }) => call.publish('hall', 'said', { n: Number(params.n) }),
      })
      kit.route('DELETE /seat/:id', {
        summary: 'Throws a guest out',
        permission: 'signed-in',
        params: z.object({ id: z.string() }),
        handle: ({ params }, { call }) => call.disconnect('seat', [params.id]),
      })
    },
  }) as unknown as AnyPlugin
}
