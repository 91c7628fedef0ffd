import test from 'ava'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { TestSocket } from '../../../kernel/testing/test-socket.ts'
import { talkPlugin } from './talk-plugin.ts'

const start = (): Promise<TestKernel> => startTestKernel({ plugins: [talkPlugin()] })

/** Says something to all, and gives what a socket has got until then. */
async function heardBy(t0: TestKernel, tenant: 'a' | 'b', socket: TestSocket): Promise<string[]> {
  await (await t0.as(tenant)).post('/talk', { text: 'the end' })
  const texts: string[] = []
  for (;;) {
    const { text } = (await socket.next('said')).data
    if (text === 'the end') return texts
    texts.push(text)
  }
}

test('what is published reaches every socket of the tenant, and none of another', async t => {
  await using t0 = await start()
  await using one = await t0.socket('a', ['talk:read'], 'talk')
  await using two = await t0.socket('a', ['*'], 'talk')
  await using foreign = await t0.socket('b', ['*'], 'talk')
  t.is((await (await t0.as('a')).post('/talk', { text: 'for a' })).status, 204)
  t.deepEqual(await heardBy(t0, 'a', one), ['for a'])
  t.deepEqual(await heardBy(t0, 'a', two), ['for a'])
  t.deepEqual(await heardBy(t0, 'b', foreign), [])
})

test('it may be for whom it names, and for who holds a permission', async t => {
  await using t0 = await start()
  const leader = await t0.as('a')
  await using led = await t0.socket('a', ['talk:read'], 'talk')
  await using leads = await t0.socket('a', ['talk:read', 'talk:lead'], 'talk')
  const listener = await t0.as('a', ['talk:read'])
  const { body: me } = await listener.get('/me')
  const id: string = me.user?.id ?? me.id
  await leader.post('/talk', { text: 'leaders', permission: 'talk:lead' })
  await leader.post('/talk', { text: 'you', actors: [id] })
  await leader.post('/talk', { text: 'both', actors: [id], permission: 'talk:lead' })
  await leader.post('/talk', { text: 'nobody', actors: [] })
  t.deepEqual(await heardBy(t0, 'a', led), ['you', 'both'])
  t.deepEqual(await heardBy(t0, 'a', leads), ['leaders', 'both'])
})

test('nothing is sent for a call that fails', async t => {
  await using t0 = await start()
  await using socket = await t0.socket('a', ['*'], 'talk')
  t.is((await (await t0.as('a')).post('/talk', { text: 'undone', fail: true })).status, 409)
  t.deepEqual(await heardBy(t0, 'a', socket), [])
})

test('a plugin cannot publish on a channel that is not its own, or what the channel does not send', async t => {
  await using t0 = await start()
  const user = await t0.as('a')
  for (const wrong of [
    { channel: 'jobs', type: 'progress', data: {} },
    { channel: 'talk', type: 'sung', data: {} },
    { channel: 'talk', type: 'said', data: { text: 7 } },
  ]) {
    t.is((await user.post('/talk/nonsense', wrong)).status, 500, JSON.stringify(wrong))
  }
})

test('a device that is revoked is disconnected with 4401, and no other', async t => {
  await using t0 = await start()
  const url = `${await t0.socketUrl()}/api/ws/gate`
  const device = (id: string, tenant: 'a' | 'b'): Promise<TestSocket> =>
    TestSocket.open(url, { headers: { 'x-device-key': `dvc_${id}@${t0.tenantId(tenant)}` } })
  await using revoked = await device('d1', 'a')
  await using other = await device('d2', 'a')
  await using foreign = await device('d1', 'b')
  await (await t0.as('a')).delete('/talk/gate/d1')
  t.is((await revoked.closed).code, 4401)
  for (const socket of [other, foreign]) {
    socket.send('who', {})
    t.is((await socket.next()).type, 'order')
  }
})

test('a socket that does not read is closed with 1013, and the others go on', async t => {
  await using t0 = await startTestKernel({
    plugins: [talkPlugin()],
    kernel: { socketLimits: { closeMs: 30_000 } },
  })
  await using slow = await t0.socket('a', ['*'], 'talk')
  await using quick = await t0.socket('a', ['*'], 'talk')
  const user = await t0.as('a')
  slow.ws.pause()
  const text = 'x'.repeat(900_000)
  for (let sent = 0; sent < 30; sent++) {
    await user.post('/talk', { text })
    t.is((await quick.next('said')).data.text.length, text.length)
  }
  slow.ws.resume()
  t.deepEqual(await slow.closed, { code: 1013, reason: 'too_slow' })
  t.true(slow.waiting.length < 30)
})
