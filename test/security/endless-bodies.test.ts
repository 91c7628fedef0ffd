import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import test from 'ava'
import { definePlugin } from '../../kernel/contract.ts'
import { problem } from '../../kernel/errors.ts'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'

/** Refuses every upload before it has read any of it. */
const refuser = definePlugin({
  name: 'refuser',
  version: '1.0.0',
  title: 'Refuser',
  segments: ['internal/refuser'],
  setup(kit) {
    kit.platformRoute('POST /internal/refuser', {
      summary: 'Refuse',
      access: 'public',
      upload: { types: ['application/octet-stream'] },
      handle: () => {
        throw problem('forbidden')
      },
    })
  },
})

for (const [who, head] of [
  ['of nobody is hung up on', 'POST /api/v1/groups HTTP/1.1\r\nHost: x\r\n'],
  [
    'that is too large is hung up on',
    'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n',
  ],
] as const) {
  test(`a body without an end ${who}, once the answer is read`, async t => {
    await using kernel = await startTestKernel({ plugins: [] })
    const server = createServer(kernel.kernel.app.callback()).listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => undefined)
    let answer = ''
    socket.on('data', bytes => {
      answer += bytes
    })
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`)
    const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const send = setInterval(() => socket.write(piece), 5)
    t.teardown(() => clearInterval(send))
    await new Promise(closed => socket.once('close', closed))
    t.regex(answer, /^HTTP\/1\.1 (401|413) /)
  })
}

test('who is refused and sends a whole body keeps the connection', async t => {
  await using kernel = await startTestKernel({ plugins: [] })
  const server = createServer(kernel.kernel.app.callback()).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const request =
    'POST /api/v1/groups HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n'
  let answers = ''
  socket.on('data', bytes => {
    answers += bytes
  })
  for (const wanted of [1, 2]) {
    socket.write(`${request}{   `)
    while (answers.split('HTTP/1.1 401').length - 1 < wanted) await new Promise(setImmediate)
  }
  t.false(socket.destroyed)
})

test('after an upload that was refused half-way, the connection takes the next request', async t => {
  await using kernel = await startTestKernel({ plugins: [refuser] })
  const server = createServer(kernel.kernel.app.callback()).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let answers = ''
  socket.on('data', bytes => {
    answers += bytes
  })
  const head = 'POST /internal/refuser HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n'
  const length = 4_000_000
  for (const wanted of [1, 2]) {
    socket.write(`${head}Content-Length: ${length}\r\n\r\n`)
    socket.write(Buffer.alloc(length))
    while (answers.split('HTTP/1.1 403').length - 1 < wanted) await new Promise(setImmediate)
  }
  t.false(socket.destroyed)
})
