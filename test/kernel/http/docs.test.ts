import test from 'ava'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { echoForAll } from './echo.ts'
import { badges, visits } from './visits.ts'

const echo = echoForAll(test)

test('the documentation comes from this server alone', async t => {
  const { anonymous } = echo().t
  const page = await anonymous.get('/docs')
  t.is(page.status, 200)
  t.regex(String(page.headers['content-type']), /^text\/html/)
  const named = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(match => match[1] as string)
  t.true(named.length >= 3)
  for (const path of named) {
    t.true(path.startsWith('/docs/'), path)
    t.is((await anonymous.get(path)).status, 200, path)
  }
  t.regex(String(page.headers['content-security-policy']), /default-src 'self'/)
})

test('it shows the routes of the running plugins, with what each needs', async t => {
  const { status, body } = await echo().t.anonymous.get('/openapi.json')
  t.is(status, 200)
  t.is(body.openapi, '3.1.0')
  const read = body.paths['/api/v1/echo/{id}'].get
  t.like(read, { summary: 'One', operationId: 'getEchoById', tags: ['echo'], security: [{ bearer: [] }] })
  t.regex(read.description, /Permission: `echo:read`/)
  t.like(read.parameters[0], { name: 'id', in: 'path', required: true, schema: { format: 'uuid' } })
  const write = body.paths['/api/v1/echo'].post
  t.deepEqual(Object.keys(write.responses), ['201', 'default'])
  t.deepEqual(write.requestBody.content['application/json'].schema.required, ['name'])
  t.deepEqual(body.paths['/internal/echo'].post.security, [{ internalToken: [] }])
  t.deepEqual(body.paths['/api/v1/echo/public'].get.security, [])
  t.deepEqual(Object.keys(body.paths['/api/v1/echo/{id}'].delete.responses), ['204', 'default'])
})

test('routes for guests name the header, and a body that may be packed says so', async t => {
  await using kernel = await startTestKernel({ plugins: [badges, visits] })
  const { body } = await kernel.anonymous.get('/openapi.json')
  const { post } = body.paths['/v1/visits']
  t.is(post.operationId, 'postV1Visits')
  t.deepEqual(post.security, [{ 'badges.badge': [] }])
  t.regex(post.requestBody.description, /Content-Encoding: gzip/)
  t.deepEqual(body.components.securitySchemes['badges.badge'], { type: 'apiKey', in: 'header', name: 'X-Badge' })
  t.truthy(body.paths['/api/v1/admin/visits'].post)
})

test('operation ids are not used twice', async t => {
  const { body } = await echo().t.anonymous.get('/openapi.json')
  const ids = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap(path =>
    Object.values(path).map(({ operationId }) => operationId),
  )
  t.deepEqual(ids.toSorted(), [...new Set(ids)].toSorted())
})
