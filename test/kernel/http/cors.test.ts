import test from 'ava'
import { echoForAll } from './echo.ts'

const OURS = 'https://app.example'
const echo = echoForAll(test, { env: { ALLOW_ORIGINS: `${OURS},https://other.example` } })
const preflight = (origin: string): Record<string, string> => ({
  origin,
  'access-control-request-method': 'PATCH',
  'access-control-request-headers': 'authorization,if-match',
})

test('an allowed origin may read the answer, with credentials and the headers it needs', async t => {
  const { headers, status } = await echo().user.get('/echo', { origin: OURS })
  t.is(status, 200)
  t.is(headers['access-control-allow-origin'], OURS)
  t.is(headers['access-control-allow-credentials'], 'true')
  t.regex(String(headers['access-control-expose-headers']), /ETag.*Retry-After/)
  t.regex(String(headers.vary), /Origin/)
})

test('also what is refused can be read by an allowed origin', async t => {
  const { headers, status } = await echo().t.anonymous.get('/echo', { origin: OURS })
  t.is(status, 401)
  t.is(headers['access-control-allow-origin'], OURS)
})

test('another origin gets no leave, whatever it resembles', async t => {
  for (const origin of ['https://evil.example', 'null', `${OURS}.evil.example`, 'http://app.example', `${OURS}:8443`]) {
    const { headers } = await echo().user.get('/echo', { origin })
    t.is(headers['access-control-allow-origin'], undefined, origin)
    t.is(headers['access-control-allow-credentials'], undefined, origin)
  }
})

test('the preflight of an allowed origin is answered without signing in', async t => {
  const answer = await echo().t.anonymous.request('OPTIONS', '/echo', undefined, preflight(OURS))
  t.is(answer.status, 204)
  t.is(answer.headers['access-control-allow-origin'], OURS)
  t.regex(String(answer.headers['access-control-allow-methods']), /PATCH/)
  t.regex(String(answer.headers['access-control-allow-headers']), /If-Match/i)
  t.is(answer.headers['access-control-max-age'], '600')
})

test('the preflight of another origin gets no leave', async t => {
  const answer = await echo().t.anonymous.request('OPTIONS', '/echo', undefined, preflight('https://evil.example'))
  t.is(answer.headers['access-control-allow-origin'], undefined)
  t.is(answer.headers['access-control-allow-methods'], undefined)
})

test('without an origin nothing is said about origins', async t => {
  const { headers } = await echo().user.get('/echo')
  t.is(headers['access-control-allow-origin'], undefined)
})
