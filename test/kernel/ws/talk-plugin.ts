import { z } from 'zod'
import { type AnyPlugin, definePlugin, guestRef, problem } from '../../../kernel/contract.ts'

const deviceKey = guestRef('talk.device-key', 'X-Device-Key')
const DeviceKey = /^dvc_(\w+)@(.+)$/

/** What the plugin of the channel tests has seen. */
export interface Seen {
  readonly opened: string[]
  readonly closed: string[]
  /** Signals of handlers that waited for their end. */
  readonly aborted: unknown[]
}

/**
 * Two channels: `talk` for users, which repeats what it hears, and `gate` for devices with a key `dvc_<id>@<tenant>`; and a
 * route that publishes.
 */
export function talkPlugin(seen: Seen = { opened: [], closed: [], aborted: [] }): AnyPlugin {
  return definePlugin({
    name: 'talk',
    version: '1.0.0',
    title: 'Talk',
    feature: 'talk',
    segments: ['talk', 'gate', 'mute'],
    permissions: { 'talk:read': 'Listen', 'talk:lead': 'Hear more' },
    setup(kit) {
      kit.channel('talk', {
        summary: 'What is said',
        permission: 'talk:read',
        send: { said: z.object({ text: z.string() }), welcome: z.object({ actor: z.string() }) },
        receive: {
          say: {
            summary: 'Says something',
            data: z.strictObject({ text: z.string().max(200) }),
            handle({ text }, { call, socket }) {
              if (text === 'forbidden') throw problem('forbidden', 'Nobody may say this.')
              if (text === 'fail') throw new Error('the password is hunter2')
              socket.send('said', { text })
              call.audit({ resourceType: 'talk', resourceId: text })
            },
          },
          shout: {
            summary: 'Says something to all, unless it is taken back',
            data: z.strictObject({ text: z.string(), take_back: z.boolean().optional() }),
            handle({ text, take_back }, { call }) {
              call.publish('talk', 'said', { text })
              if (take_back) throw problem('conflict', 'It was taken back.')
            },
          },
          wait: {
            summary: 'Waits for the end of the socket',
            data: z.strictObject({}),
            atomic: false,
            async handle(_data, { call: { signal } }) {
              await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
              seen.aborted.push(signal.reason)
            },
          },
        },
        opened({ call, socket }) {
          seen.opened.push(call.actor.id)
          socket.send('welcome', { actor: call.actor.kind })
        },
        closed({ call }) {
          seen.closed.push(call.actor.id)
        },
      })
      kit.channel('gate', {
        summary: 'For devices',
        permission: 'signed-in',
        send: { order: z.object({ n: z.number() }) },
        receive: {
          who: {
            summary: 'Asks who one is',
            data: z.strictObject({}),
            handle: (_data, { call, socket }) => socket.send('order', { n: call.can('talk:read') ? 1 : 0 }),
          },
        },
        maxBytes: 1_000,
        limit: { perSecond: 1, burst: 5 },
        guests: deviceKey,
      })
      kit.guests(deviceKey, async credential => {
        const [, id, tenantId] = DeviceKey.exec(credential) ?? []
        return id && tenantId ? { tenantId, actor: { kind: 'device', id }, permissions: ['talk:read'] } : undefined
      })
      kit.route('POST /talk', {
        summary: 'Says something to sockets',
        permission: 'signed-in',
        maxBytes: 1_000_000,
        body: z.strictObject({
          text: z.string(),
          actors: z.array(z.string()).optional(),
          permission: z.literal('talk:lead').optional(),
          fail: z.boolean().optional(),
        }),
        handle({ body: { text, actors, permission, fail } }, { call }) {
          const to = actors || permission ? { ...(actors && { actors }), ...(permission && { permission }) } : undefined
          call.publish('talk', 'said', { text }, to)
          if (fail) throw problem('conflict', 'Not now.')
        },
      })
      kit.route('DELETE /talk/gate/:id', {
        summary: 'Revokes a device',
        permission: 'signed-in',
        params: z.object({ id: z.string() }),
        handle({ params }, { call }) {
          call.disconnect('gate', [params.id])
        },
      })
      kit.route('POST /talk/nonsense', {
        summary: 'Publishes what the channel does not send',
        permission: 'signed-in',
        body: z.strictObject({ channel: z.string(), type: z.string(), data: z.unknown() }),
        handle: ({ body }, { call }) => call.publish(body.channel, body.type, body.data),
      })
    },
  }) as unknown as AnyPlugin
}
