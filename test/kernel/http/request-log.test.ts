import { createHmac } from 'node:crypto'
import test from 'ava'
import { type AnyPlugin, definePlugin, newId } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { capturedLog } from '../testing/captured-log.ts'
import { echoPlugin } from './echo-plugin.ts'

const echo = echoPlugin() as unknown as AnyPlugin
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

async function house(plugins: readonly AnyPlugin[] = [echo], env: Record<string, string> = {}) {
  const log = capturedLog()
  const kernel = await startTestKernel({ plugins, env, kernel: { logging: log.logging } })
  const requests = () => log.records().filter(({ msg }) => msg === 'request')
  return { kernel, log, requests }
}

test('a request is one line: what was asked, who asked, how it ended', async t => {
  const { kernel, requests } = await house()
  await using _ = kernel
  const user = await kernel.as('a')
  const id = newId()
  await user.get(`/echo/${id}`, { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })
  const line = requests().at(-1)
  t.like(line, {
    method: 'GET',
    url: `/api/v1/echo/${id}`,
    route: '/api/v1/echo/:id',
    status: 200,
    plugin: 'echo',
    tenant_id: kernel.tenantId('a'),
    ip: '127.0.0.1',
    level: 30,
  })
  t.regex(String(line?.actor_id), /^[0-9a-f-]{36}$/)
  t.is(typeof line?.duration_ms, 'number')
})

test('a refusal is logged with its code and its trace id', async t => {
  const { kernel, requests } = await house()
  await using _ = kernel
  const { body } = await kernel.anonymous.get('/echo')
  t.like(requests().at(-1), { status: 401, error: 'unauthenticated', trace_id: body.trace_id, level: 30 })
})

test('a fault of ours is logged twice: what was wrong, and the request, under one trace id', async t => {
  const { kernel, log, requests } = await house()
  await using _ = kernel
  const { body } = await (await kernel.as('a')).get('/echo/broken')
  t.like(requests().at(-1), { status: 500, error: 'internal', trace_id: body.trace_id, level: 50 })
  const fault = log.records().find(({ msg, trace_id }) => trace_id === body.trace_id && msg !== 'request')
  t.like(fault, { level: 50, route: '/api/v1/echo/broken' })
  t.regex(JSON.stringify(fault?.err), /no_such_table/)
})

test('no token, password, key or bound value ever stands in the log', async t => {
  const secrets = {
    CLOUD_INTERNAL_API_TOKEN: 'internal-token-4e1f77',
    CLOUD_WEBHOOK_HMAC_SECRET: 'webhook-secret-91ab3c',
    SECRET_KEY: 'secret-key-0123456789abcdef0123456789abcdef',
  }
  const leaky = definePlugin({
    name: 'leaky',
    version: '1.0.0',
    title: 'Says too much',
    segments: ['leaky'],
    setup(kit) {
      kit.route('POST /leaky', {
        summary: 'Fails with what it was given',
        permission: 'signed-in',
        handle(_input, { call }) {
          call.log.info({ authorization: 'Bearer plain-bearer-55', totpCode: '998877', note: 'kept' }, 'said')
          throw new Error('upstream refused https://user:pass-in-url-31@host/?token=query-token-32', {
            cause: new Error('Authorization: Bearer cause-bearer-33xyz'),
          })
        },
      })
    },
  }) as unknown as AnyPlugin
  const { kernel, log } = await house([echo, leaky], secrets)
  await using _ = kernel
  const password = 'A very long pass phrase 77'
  const registered = { account_name: 'log', tenant_name: 'Log', name: 'L', email: 'l@log.example', password }
  await kernel.anonymous.post('/auth/register', registered)
  await kernel.licence('a', kernel.features)
  const user = await kernel.as('a')
  await kernel.anonymous.post('/auth/login', { email: 'l@log.example', password: 'wrong-password-88' })
  const signedIn = await kernel.anonymous.post('/auth/login', {
    email: 'l@log.example',
    password: 'correct horse battery staple 42',
  })
  await kernel.anonymous.post('/auth/refresh', undefined, { cookie: 'refresh_token=refresh-cookie-66' })
  await user.get('/echo?token=query-token-41')
  await user.get('/echo/broken')
  await user.post('/leaky')
  await kernel.internal.post('/internal/echo', { name: 'x' })
  const body = '{"tenant_id":1}'
  const signature = `sha256=${createHmac('sha256', secrets.CLOUD_WEBHOOK_HMAC_SECRET).update(body).digest('hex')}`
  await kernel.anonymous.post('/internal/license/refresh', body, {
    'content-type': 'application/json',
    'x-hmac-signature': signature,
  })
  const all = log.lines.join('')
  const hidden = [
    ...Object.values(secrets),
    signature.slice(7),
    password,
    'wrong-password-88',
    'correct horse battery staple 42',
    'refresh-cookie-66',
    'query-token',
    'hunter2',
    'plain-bearer-55',
    '998877',
    'pass-in-url-31',
    'cause-bearer-33xyz',
    ...(signedIn.body?.access_token ? [signedIn.body.access_token] : []),
  ]
  for (const secret of hidden) t.false(all.includes(secret), `the log holds ${secret}`)
  t.notRegex(all, /eyJ[\w-]{8,}\./)
  t.true(all.includes('kept') && all.includes('upstream refused') && all.includes('/internal/license/refresh'))
})
