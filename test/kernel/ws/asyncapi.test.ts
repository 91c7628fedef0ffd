import test from 'ava'
import { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { talkPlugin } from './talk-plugin.ts'

test('the document shows what each channel sends and takes, and what it asks for', async t => {
  await using t0 = await startTestKernel({ plugins: [talkPlugin()] })
  const { status, body } = await t0.anonymous.get('/asyncapi.json')
  t.is(status, 200)
  t.is(body.asyncapi, '3.0.0')
  const { talk, gate } = body.channels
  t.is(talk.address, '/api/ws/talk')
  t.regex(talk.description, /Permission: `talk:read`.*Feature: `talk`/s)
  t.deepEqual(Object.keys(talk.messages).sort(), ['error', 'said', 'say', 'shout', 'wait', 'welcome'])
  const { payload } = talk.messages.say
  t.deepEqual(payload.properties.type, { const: 'say' })
  t.like(payload.properties.data, { type: 'object', required: ['text'], additionalProperties: false })
  t.is(payload.properties.data.properties.text.maxLength, 200)
  const at = '#/channels/talk/messages/'
  const { send, receive } = { send: body.operations['talk.send'], receive: body.operations['talk.receive'] }
  t.deepEqual([send.action, receive.action], ['send', 'receive'])
  t.deepEqual(
    send.messages.map(({ $ref }: { $ref: string }) => $ref.slice(at.length)),
    ['said', 'welcome', 'error'],
  )
  t.deepEqual(body.operations['gate.send'].security, [{ $ref: '#/components/securitySchemes/x-device-key' }])
  t.deepEqual(body.components.securitySchemes['x-device-key'], {
    type: 'httpApiKey',
    in: 'header',
    name: 'X-Device-Key',
  })
  t.truthy(gate)
})

test('channels of a plugin that nobody has are not in it', async t => {
  await using t0 = await startTestKernel({ plugins: [talkPlugin()], features: [] })
  t.deepEqual(Object.keys((await t0.anonymous.get('/asyncapi.json')).body.channels), ['jobs', 'notifications'])
})

for (const [what, name, over, message] of [
  ['a name that is no segment', 'other', {}, /channel "other" is none of its segments \(bad\); add "other" to them/],
  ['a permission that nobody declares', 'bad', { permission: 'bad:read' }, /asks for the permission "bad:read"/],
  ['a frame of the kernel', 'bad', { send: { error: z.string() } }, /sends "error", which is the kernel's own frame/],
] as const) {
  test(`${what} is refused when the plugin starts`, async t => {
    const plugin = definePlugin({
      name: 'bad',
      version: '1.0.0',
      title: 'Bad',
      segments: ['bad'],
      setup: kit => kit.channel(name, { summary: 'Bad', permission: 'signed-in', send: {}, ...over } as never),
    }) as unknown as AnyPlugin
    await using t0 = await startTestKernel({ plugins: [plugin] })
    t.regex(String(t0.kernel.catalogue.byName('bad')?.error?.message), message)
  })
}

test('a channel is registered once, and inside setup', async t => {
  let late: unknown
  const plugin = definePlugin({
    name: 'bad',
    version: '1.0.0',
    title: 'Bad',
    segments: ['bad'],
    setup(kit) {
      const channel = { summary: 'Bad', permission: 'signed-in', send: {} } as const
      kit.channel('bad', channel)
      late = () => kit.channel('bad', channel)
      t.throws(() => kit.channel('bad', channel), { message: /channel "bad" is registered twice/ })
    },
  }) as unknown as AnyPlugin
  await using _t0 = await startTestKernel({ plugins: [plugin] })
  t.throws(late as () => void, { message: /kit.channel may only be called inside setup/ })
})
