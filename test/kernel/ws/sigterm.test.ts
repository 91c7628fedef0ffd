import test from 'ava'
import { SocketRefused, TestSocket } from '../../../kernel/testing/test-socket.ts'
import { startServer, temporaryFolder } from '../../faults/server.ts'
import { newTenant } from '../../faults/tenant.ts'

test('SIGTERM: sockets are served while the balancer is told, then closed with 1001, and the process ends with 0', async t => {
  const env = { DATA_DIR: temporaryFolder(t), SHUTDOWN_DELAY_SECONDS: '1' }
  const server = await startServer(t, { env })
  const { client } = await newTenant(server.url)
  const { authorization = '' } = client.headers
  const url = `${server.url.replace('http:', 'ws:')}/api/ws/jobs`
  await using socket = await TestSocket.open(url, { headers: { authorization } })
  await t.throwsAsync(TestSocket.open(url), { instanceOf: SocketRefused })
  server.signal('SIGTERM')
  await server.becomes(503)
  await socket.heard()
  t.deepEqual(await socket.closed, { code: 1001, reason: 'stopping' })
  t.deepEqual(await server.exited, { code: 0, signal: null })
})
