import test from 'ava'
import { newId } from '../../../kernel/data/id.ts'
import { segmentOf } from '../../../kernel/http/dispatch.ts'
import { echoForAll, refusal } from './echo.ts'

const echo = echoForAll(test)

test('the segment of a path decides which plugin serves it', t => {
  t.is(segmentOf('/api/v1/assets'), 'assets')
  t.is(segmentOf('/api/v1/assets/1/cpes'), 'assets')
  t.is(segmentOf('/internal/cve-feed/sync'), 'internal/cve-feed')
  t.is(segmentOf('/internal/license'), 'internal/license')
  t.is(segmentOf('/v1/ingest'), 'v1/ingest')
  t.is(segmentOf('/v1/ingest/batches'), 'v1/ingest')
  t.is(segmentOf('/api/v1/admin/publish'), 'admin/publish')
  t.is(segmentOf('/api/v1/admin/publish/1'), 'admin/publish')
  t.is(segmentOf('/api/v1/admin'), 'admin')
  t.is(segmentOf('/api/v1/administrators/1'), 'administrators')
  t.is(segmentOf('/api/v1/'), '')
  t.is(segmentOf('/api/v2/assets'), undefined)
  t.is(segmentOf('/'), undefined)
})

test('a path that nobody owns is 404', async t => {
  const { user } = echo()
  const ours = ['/api', '/api/v1', '/api/v1/', '/api/v1/echoes', '/api/v2/echo', '/internal', '/internal/']
  for (const path of [...ours, '/health', '/health/none', '/docs/none', '/docs/../package.json']) {
    t.is(refusal(await user.get(path)), '404 not_found', path)
  }
})

test('a path within a segment that no route has is 404', async t => {
  const { user } = echo()
  t.is(refusal(await user.get('/echo/a/b/c')), '404 not_found')
  t.is(refusal(await user.get('/echo/')), '200')
})

test('another method on a known path is 405 and says which are taken', async t => {
  const { user } = echo()
  const answer = await user.put(`/echo/${newId()}`, {})
  t.is(refusal(answer), '405 method_not_allowed')
  t.deepEqual(String(answer.headers.allow).split(', ').sort(), ['DELETE', 'GET', 'HEAD', 'PATCH'])
  t.regex(answer.body.detail, /This path takes .*PATCH/)
})

test('HEAD answers as GET does, without the body', async t => {
  const { user } = echo()
  const [get, head] = [await user.get('/echo?size=300'), await user.request('HEAD', '/echo?size=300')]
  t.is(head.status, 200)
  t.is(head.text, '')
  t.is(head.headers['content-length'], get.headers['content-length'])
  t.is((await echo().t.anonymous.request('HEAD', '/echo')).status, 401)
})

test('a fixed path goes before one with a parameter, whichever was registered first', async t => {
  t.is((await echo().user.get('/echo/fixed')).body.name, 'fixed')
})

test('a path that cannot be decoded is the fault of the caller', async t => {
  for (const path of ['/echo/%E0%A4%A', '/echo/%', '/%E0%A4%A', '/echo/%00']) {
    const { status } = await echo().user.get(path)
    t.true(status >= 400 && status < 500, `${path} answered ${status}`)
  }
})

test('internal routes take the internal token and nothing else', async t => {
  const { t: house, user } = echo()
  t.is((await house.internal.post('/internal/echo', { name: 'x' })).status, 200)
  t.is(refusal(await user.post('/internal/echo', { name: 'x' })), '401 unauthenticated')
  t.is(
    refusal(await house.anonymous.post('/internal/echo', { name: 'x' }, { 'x-internal-token': 'wrong' })),
    '401 unauthenticated',
  )
  t.is(refusal(await house.internal.get('/echo')), '401 unauthenticated')
})

test('every answer carries the security headers', async t => {
  const { user } = echo()
  for (const answer of [await user.get('/echo'), await user.get('/nothing'), await user.get('/health/live')]) {
    t.is(answer.headers['x-content-type-options'], 'nosniff')
    t.is(answer.headers['cache-control'], 'no-store')
    t.is(answer.headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'")
    t.truthy(answer.headers['strict-transport-security'])
    t.is(answer.headers['x-powered-by'], undefined)
  }
})
