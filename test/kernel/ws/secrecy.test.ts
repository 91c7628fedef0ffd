import test from 'ava'
import { loadConfig } from '../../../config/load.ts'
import { createLogger } from '../../../kernel/log/create-logger.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { SocketRefused, TestSocket } from '../../../kernel/testing/test-socket.ts'
import { talkPlugin } from './talk-plugin.ts'

test('a socket is logged like a request, without its token', async t => {
  const lines: string[] = []
  const sink = { write: (line: string) => void lines.push(line), flush: () => undefined, close: () => undefined }
  const logging = createLogger(loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'trace', LOG_FORMAT: 'json' }), sink)
  await using t0 = await startTestKernel({ plugins: [talkPlugin()], kernel: { logging } })
  const token = ((await t0.as('a', ['talk:read'])).headers.authorization ?? '').slice('Bearer '.length)
  const device = `dvc_secretkey@${t0.tenantId('a')}`
  const url = `${await t0.socketUrl()}/api/ws`
  await using _query = await TestSocket.open(`${url}/talk?token=${token}`)
  await using _protocol = await TestSocket.open(`${url}/talk`, { protocols: ['bearer', token] })
  await using _device = await TestSocket.open(`${url}/gate`, { headers: { 'x-device-key': device } })
  await t.throwsAsync(TestSocket.open(`${url}/nothing?token=${token}`), { instanceOf: SocketRefused })
  await t.throwsAsync(TestSocket.open(`${url}/talk?token=${token}x`), { instanceOf: SocketRefused })
  await t0.kernel.stop()
  const requests = lines.map(line => JSON.parse(line)).filter(({ url: path }) => String(path).startsWith('/api/ws/'))
  t.deepEqual(requests.map(({ status }) => status).sort(), [101, 101, 101, 401, 404])
  t.like(
    requests.find(({ status }) => status === 101),
    { method: 'GET', url: '/api/ws/talk?token=[redacted]', plugin: 'talk', tenant_id: t0.tenantId('a') },
  )
  t.is(requests.find(({ status }) => status === 401)?.error, 'unauthenticated')
  for (const line of lines) {
    t.false(line.includes(token.slice(-20)), line)
    t.false(line.includes('dvc_secretkey'), line)
  }
})
