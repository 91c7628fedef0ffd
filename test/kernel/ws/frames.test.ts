import test from 'ava'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { TestSocket } from '../../../kernel/testing/test-socket.ts'
import { type Seen, talkPlugin } from './talk-plugin.ts'

let t0: TestKernel
const seen: Seen = { opened: [], closed: [], aborted: [] }
test.before(async () => {
  t0 = await startTestKernel({ plugins: [talkPlugin(seen)] })
})
test.after.always(() => t0?.[Symbol.asyncDispose]())

const talk = async (): Promise<TestSocket> => {
  const socket = await t0.socket('a', ['*'], 'talk')
  await socket.next('welcome')
  return socket
}

test('a frame is answered under its id, in the envelope', async t => {
  await using socket = await talk()
  socket.send('say', { text: 'hallo' }, '7')
  t.deepEqual(await socket.next(), { type: 'said', data: { text: 'hallo' }, id: '7', at: t0.clock.now().toISOString() })
  socket.send('say', { text: 'no id' })
  t.deepEqual(Object.keys(await socket.next()), ['type', 'data', 'at'])
})

test('frames of a socket are handled in their order', async t => {
  await using socket = await talk()
  const texts = Array.from({ length: 30 }, (_, i) => `${i}`)
  for (const text of texts) socket.send('say', { text })
  for (const text of texts) t.is((await socket.next()).data.text, text)
})

test('long frames keep their length', async t => {
  await using own = await startTestKernel({ plugins: [talkPlugin()] })
  await using socket = await own.socket('a', ['*'], 'talk')
  const user = await own.as('a')
  for (const length of [0, 40, 200, 60_000, 70_000]) {
    const text = 'ü'.repeat(length)
    t.is((await user.post('/talk', { text })).status, 204)
    t.is((await socket.next('said')).data.text, text, `${length}`)
  }
})

for (const [what, frame, expected] of [
  ['a binary frame', Buffer.from('{"type":"say"}'), { error: 'malformed' }],
  ['no JSON', 'hallo', { error: 'malformed' }],
  ['a JSON text', '"hallo"', { error: 'malformed' }],
  ['an array', '[]', { error: 'malformed' }],
  ['no type', '{"data":{}}', { error: 'malformed' }],
  ['an id that is no text', '{"type":"say","id":7}', { error: 'malformed' }],
  ['a name that is no name', '{"type":"say","data":{"text":"a","__proto__":{}}}', { error: 'malformed' }],
  [
    'an unknown type',
    '{"type":"sing","data":{}}',
    { error: 'invalid', errors: [{ path: 'type', message: 'is not known here' }] },
  ],
  [
    'a type of every object',
    '{"type":"constructor"}',
    { error: 'invalid', errors: [{ path: 'type', message: 'is not known here' }] },
  ],
] as const) {
  test(`${what} is answered with an error, and the socket stays`, async t => {
    await using socket = await talk()
    socket.ws.send(frame)
    const { type, data } = await socket.next()
    t.is(type, 'error')
    t.like(data, expected)
    t.regex(data.trace_id, /^[0-9a-f]{32}$/)
    socket.send('say', { text: 'still here' })
    t.is((await socket.next()).data.text, 'still here')
  })
}

test('data that does not fit is answered with each fault, under the id', async t => {
  await using socket = await talk()
  socket.send('say', { text: 7, loud: true }, 'q1')
  const { data, id } = await socket.next('error')
  t.is(id, 'q1')
  t.is(data.error, 'invalid')
  t.deepEqual(data.errors.map(({ path }: { path: string }) => path).sort(), ['data.loud', 'data.text'])
})

test('a Problem of the handler is told, a fault of it is not', async t => {
  await using socket = await talk()
  socket.send('say', { text: 'forbidden' }, '1')
  t.like(await socket.next(), { type: 'error', id: '1', data: { error: 'forbidden', detail: 'Nobody may say this.' } })
  socket.send('say', { text: 'fail' }, '2')
  const { data, id } = await socket.next('error')
  t.deepEqual([data.error, id], ['internal', '2'])
  t.notRegex(JSON.stringify(data), /hunter2/)
})

test('what a handler publishes and records counts only if it does not fail', async t => {
  await using own = await startTestKernel({ plugins: [talkPlugin()] })
  await using socket = await own.socket('a', ['*'], 'talk')
  socket.send('shout', { text: 'taken back', take_back: true }, '1')
  t.is((await socket.next('error')).data.error, 'conflict')
  socket.send('shout', { text: 'kept' })
  t.is((await socket.next('said')).data.text, 'kept')
  socket.send('say', { text: 'recorded' })
  await socket.next('said')
  const lines = await own.audit('a')
  t.like(
    lines.find(line => line.resource_id === 'recorded'),
    { action: 'talk.say', resource_type: 'talk' },
  )
})

test('the plugin hears when a socket opens and closes, and its handler is aborted', async t => {
  await using own = await startTestKernel({ plugins: [talkPlugin(seen)] })
  const socket = await own.socket('a', ['*'], 'talk')
  await socket.next('welcome')
  const actor = seen.opened.at(-1)
  socket.send('wait', {})
  await socket.heard()
  socket.ws.terminate()
  await own.kernel.stop()
  t.is(seen.closed.at(-1), actor)
  t.regex(String(seen.aborted.at(-1)), /the socket has closed/)
})

test('a frame that is too large closes the socket with 4413', async t => {
  await using socket = await talk()
  socket.ws.send(JSON.stringify({ type: 'say', data: { text: 'x'.repeat(65_536) } }))
  t.deepEqual(await socket.closed, { code: 4413, reason: 'too_large' })
})

test('a flood closes the socket with 4429, broken frames do so sooner, and nobody else notices', async t => {
  await using other = await talk()
  for (const [frame, most] of [
    ['{"type":"say","data":{"text":"x"}}', 500],
    ['nonsense', 100],
  ] as const) {
    await using socket = await talk()
    for (let i = 0; i < most; i++) socket.ws.send(frame)
    t.deepEqual(await socket.closed, { code: 4429, reason: 'too_fast' }, frame)
  }
  for (const kind of ['ping', 'pong'] as const) {
    await using socket = await talk()
    for (let i = 0; i < 500; i++) socket.ws[kind]()
    t.is((await socket.closed).code, 4429, kind)
  }
  other.send('say', { text: 'undisturbed' })
  t.is((await other.next('said')).data.text, 'undisturbed')
})

test('a channel for others asks for their header, and has limits of its own', async t => {
  const url = `${await t0.socketUrl()}/api/ws/gate`
  const key = `dvc_d1@${t0.tenantId('a')}`
  for (const headers of [{}, { 'x-device-key': 'wrong' }, { ...(await t0.as('a')).headers }] as Record<
    string,
    string
  >[]) {
    await t.throwsAsync(TestSocket.open(url, { headers }), { message: /refused with 401/ })
  }
  await using small = await TestSocket.open(url, { headers: { 'x-device-key': key } })
  small.send('who', {})
  t.is((await small.next()).data.n, 1)
  small.ws.send('x'.repeat(1_001))
  t.is((await small.closed).code, 4413)
  await using slow = await TestSocket.open(url, { headers: { 'x-device-key': key } })
  for (let i = 0; i < 50; i++) slow.send('who', {})
  t.is((await slow.closed).code, 4429)
})
