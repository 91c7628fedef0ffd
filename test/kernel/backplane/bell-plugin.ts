import { z } from 'zod'
import { type AnyPlugin, definePlugin, problem } from '../../../kernel/contract.ts'

/** A plugin whose routes wait for a topic, and wake it. Under any name: topics of two plugins are apart. */
export function bellPlugin(name = 'bell', waiting: (topic: string) => void = () => undefined): AnyPlugin {
  return definePlugin({
    name,
    version: '1.0.0',
    title: 'Bell',
    segments: [name],
    setup(kit) {
      kit.route(`GET /${name}/:topic`, {
        summary: 'Waits',
        permission: 'signed-in',
        params: z.object({ topic: z.string() }),
        query: z.object({ wait_ms: z.coerce.number() }),
        returns: z.object({ heard: z.boolean() }),
        async handle({ params, query }, { call }) {
          using bell = call.listen(params.topic)
          waiting(params.topic)
          return { heard: await bell.heard(query.wait_ms) }
        },
      })
      kit.route(`POST /${name}/:topic`, {
        summary: 'Wakes',
        permission: 'signed-in',
        params: z.object({ topic: z.string() }),
        body: z.strictObject({ fail: z.boolean().optional() }),
        async handle({ params, body }, { call }) {
          call.wake(params.topic)
          if (body.fail) throw problem('conflict', 'Not now.')
        },
      })
    },
  }) as unknown as AnyPlugin
}
