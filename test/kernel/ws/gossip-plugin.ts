import { z } from 'zod'
import { type AnyPlugin, definePlugin, problem, serviceRef } from '../../../kernel/contract.ts'

/** What the plugin of the tests of added frames offers, to see whose services a frame has. */
export class Rumours {
  readonly count = 42
}

/** Adds the frames `ask` and `rumour` to the channel `talk`; everything can be made another way. */
export function gossipPlugin(
  over: { readonly name?: string; readonly type?: string; readonly sends?: string } = {},
): AnyPlugin {
  const { name = 'gossip', type = 'ask', sends = 'rumour' } = over
  return definePlugin({
    name,
    version: '1.0.0',
    title: 'Gossip',
    feature: name,
    segments: [name],
    services: { rumours: Rumours },
    offers: { rumours: serviceRef<Rumours>(`${name}.rumours`) },
    setup(kit) {
      kit.frames('talk', {
        send: { [sends]: z.object({ count: z.number(), socket: z.string() }) },
        receive: {
          [type]: {
            summary: 'Asks for rumours',
            data: z.strictObject({ fail: z.boolean().optional(), wrong: z.boolean().optional() }),
            async handle({ fail, wrong }, { call, socket, rumours }) {
              if (fail) throw problem('conflict', 'Nothing is known.')
              if (wrong) socket.send('said', { count: 0, socket: '' })
              call.audit({ resourceType: 'rumour', resourceId: 'all' })
              socket.send(sends, { count: rumours.count, socket: socket.id })
            },
          },
        },
      })
    },
  }) as unknown as AnyPlugin
}
