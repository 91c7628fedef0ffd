import { connect } from 'node:net'
import test from 'ava'
import { type ServerProcess, startServer, temporaryFolder } from './server.ts'

/** Sends bytes as they are, and reads until the server closes. */
function raw({ port }: ServerProcess, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect(port, '127.0.0.1', () => socket.write(text))
  let answer = ''
  socket.setEncoding('utf8')
  socket.on('data', part => {
    answer += part
  })
  socket.on('close', () => resolve(answer))
  socket.on('error', reject)
  return promise
}

const faults: Readonly<Record<string, { request: string; answer: string }>> = {
  'what is no HTTP': { request: 'GIVE ME /assets\r\n\r\n', answer: '400 malformed' },
  'a length that is no number': {
    request: 'POST /api/v1/sites HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n',
    answer: '400 malformed',
  },
  'a length and chunks at once': {
    request: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    answer: '400 malformed',
  },
  'headers without an end': {
    request: `GET /api/v1/sites HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    answer: '431 headers_too_large',
  },
}

test('what the parser cannot read is answered in the form of all other errors, and the server goes on', async t => {
  const server = await startServer(t, { env: { DATA_DIR: temporaryFolder(t) } })
  for (const [what, { request, answer }] of Object.entries(faults)) {
    const [head = '', body = ''] = (await raw(server, request)).split('\r\n\r\n')
    t.regex(head, /^HTTP\/1\.1 \d{3} \w/, what)
    t.regex(head, /Content-Type: application\/problem\+json/, what)
    t.regex(head, /Connection: close/, what)
    const problem = JSON.parse(body)
    t.is(`${problem.status} ${problem.error}`, answer, what)
    t.is(head.split(' ')[1], String(problem.status))
    t.regex(problem.trace_id, /^[0-9a-f]{32}$/, what)
    t.false(body.includes('HPE_'), what)
  }
  t.is((await server.ready())?.status, 200)
})
