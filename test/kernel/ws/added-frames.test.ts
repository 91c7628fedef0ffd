import test from 'ava'
import { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { gossipPlugin } from './gossip-plugin.ts'
import { talkPlugin } from './talk-plugin.ts'

test('a channel takes the frames that another plugin adds, as calls of that plugin', async t => {
  await using t0 = await startTestKernel({ plugins: [talkPlugin(), gossipPlugin()] })
  await using socket = await t0.socket('a', ['talk:read'], 'talk')
  socket.send('ask', {}, '1')
  t.like(await socket.next('rumour'), { data: { count: 42 }, id: '1' })
  socket.send('say', { text: 'hello' })
  t.like(await socket.next('said'), { data: { text: 'hello' } })
  socket.send('ask', { fail: true }, '2')
  t.like(await socket.next('error'), { data: { error: 'conflict' }, id: '2' })
  socket.send('ask', { nonsense: 1 }, '3')
  t.like(await socket.next('error'), { data: { error: 'invalid' }, id: '3' })
  t.like((await t0.audit('a')).at(-2), { action: 'talk.ask', resource_type: 'rumour' })
})

test('it sends only what it says it sends', async t => {
  await using t0 = await startTestKernel({ plugins: [talkPlugin(), gossipPlugin()] })
  await using socket = await t0.socket('a', ['talk:read'], 'talk')
  socket.send('ask', { wrong: true }, '1')
  t.like(await socket.next('error'), { data: { error: 'internal' }, id: '1' })
  t.is((await t0.audit('a')).filter(line => line.resource_type === 'rumour').length, 0)
})

test('they are refused where the feature of their plugin is off, and the socket stays', async t => {
  await using t0 = await startTestKernel({ plugins: [talkPlugin(), gossipPlugin()] })
  await using socket = await t0.socket('a', ['talk:read'], 'talk')
  await t0.licence('a', ['talk'])
  socket.send('ask', {}, '1')
  t.like(await socket.next('error'), { data: { error: 'feature_disabled' }, id: '1' })
  await t0.licence('a', ['talk', 'gossip'])
  socket.send('ask', {}, '2')
  t.like(await socket.next('rumour'), { id: '2' })
})

test('they come and go with their plugin while sockets are open', async t => {
  await using t0 = await startTestKernel({ plugins: [talkPlugin(), gossipPlugin()], features: ['talk'] })
  await using socket = await t0.socket('a', ['talk:read'], 'talk')
  socket.send('ask', {}, '1')
  t.like(await socket.next('error'), { data: { error: 'invalid' }, id: '1' })
  await t0.licence('a', ['talk', 'gossip'])
  socket.send('ask', {}, '2')
  t.like(await socket.next('rumour'), { id: '2' })
  await t0.kernel.catalogue.byName('gossip')?.stop(1_000)
  socket.send('ask', {}, '3')
  t.like(await socket.next('error'), { data: { error: 'plugin_unavailable' }, id: '3' })
  await t0.kernel.catalogue.reconcile()
  socket.send('ask', {}, '4')
  t.like(await socket.next('rumour'), { id: '4' })
})

test('the document of the channel has them, and says whose they are', async t => {
  await using t0 = await startTestKernel({ plugins: [talkPlugin(), gossipPlugin()] })
  const { channels, operations } = (await t0.anonymous.get('/asyncapi.json')).body
  t.like(channels.talk.messages.ask, {
    summary: 'Asks for rumours',
    description: 'Added by the plugin `gossip`. Feature: `gossip`.',
    tags: [{ name: 'gossip', description: 'Gossip' }],
  })
  t.truthy(channels.talk.messages.rumour.payload.properties.data.properties.count)
  const named = (operation: string): string[] =>
    operations[operation].messages.map(({ $ref }: { $ref: string }) => $ref.slice('#/channels/talk/messages/'.length))
  t.true(named('talk.receive').includes('ask'))
  t.true(named('talk.send').includes('rumour'))
})

for (const [what, plugins, message] of [
  [
    'of the channel itself',
    [talkPlugin(), gossipPlugin({ type: 'say' })],
    'plugin "gossip": the frame "say" of channel "talk" belongs to the plugin "talk"; give yours another type, such as "gossip.say"',
  ],
  [
    'of another plugin',
    [talkPlugin(), gossipPlugin({ name: 'first' }), gossipPlugin({ sends: 'other' })],
    'plugin "gossip": the frame "ask" of channel "talk" belongs to the plugin "first"; give yours another type, such as "gossip.ask"',
  ],
] as const) {
  test(`a frame ${what} cannot be added`, async t => {
    await using t0 = await startTestKernel({ plugins })
    const host = t0.kernel.catalogue.byName('gossip')
    t.is(host?.state, 'failed')
    t.is(host?.error?.message, message)
    await using socket = await t0.socket('a', ['talk:read'], 'talk')
    socket.send('say', { text: 'still here' })
    t.like(await socket.next('said'), { data: { text: 'still here' } })
  })
}

test('a channel that opens later keeps its own frame', async t => {
  const plugins = [gossipPlugin({ type: 'say' }), talkPlugin()]
  await using t0 = await startTestKernel({ plugins, features: ['gossip'] })
  t.is(t0.kernel.catalogue.byName('gossip')?.state, 'running')
  await t0.licence('a', ['talk', 'gossip'])
  await using socket = await t0.socket('a', ['talk:read'], 'talk')
  socket.send('say', { text: 'mine' })
  t.like(await socket.next('said'), { data: { text: 'mine' } })
})

for (const [what, channel, frames, message] of [
  [
    'on a channel of its own',
    'bad',
    {},
    /channel "bad" is its own; name its frames where it is opened, in kit.channel/,
  ],
  ['of the kernel', 'talk', { send: { error: z.string() } }, /send "error", which is the kernel's own/],
] as const) {
  test(`frames ${what} are refused when the plugin starts`, async t => {
    const plugin = definePlugin({
      name: 'bad',
      version: '1.0.0',
      title: 'Bad',
      segments: ['bad'],
      setup: kit => kit.frames(channel, { receive: {}, ...frames }),
    }) as unknown as AnyPlugin
    await using t0 = await startTestKernel({ plugins: [talkPlugin(), plugin] })
    t.regex(String(t0.kernel.catalogue.byName('bad')?.error?.message), message)
  })
}
