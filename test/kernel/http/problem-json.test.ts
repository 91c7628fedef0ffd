import test from 'ava'
import { sqliteDialect } from '../../../db/dialects/sqlite.ts'
import { newId } from '../../../kernel/data/id.ts'
import { problem } from '../../../kernel/errors.ts'
import { problemBody, toProblem } from '../../../kernel/http/problem-json.ts'
import { echoForAll, refusal } from './echo.ts'

const echo = echoForAll(test)
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = (trace: string): Record<string, string> => ({ traceparent: `00-${trace}-00f067aa0ba902b7-01` })

test('a refusal is a problem document with a stable code', async t => {
  const answer = await echo().t.anonymous.get('/echo')
  t.is(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  const { trace_id, ...body } = answer.body
  t.regex(trace_id, /^[0-9a-f]{32}$/)
  t.deepEqual(body, {
    type: 'https://docs.cloud.monozu.io/errors#unauthenticated',
    title: 'Not signed in',
    status: 401,
    detail: 'Send an access token or an API key: Authorization: Bearer <token>.',
    instance: '/api/v1/echo',
    error: 'unauthenticated',
  })
})

test("the caller's trace id is taken over", async t => {
  const { anonymous } = echo().t
  t.is((await anonymous.get('/echo', traceparent(TRACE))).body.trace_id, TRACE)
})

test('without a valid traceparent each request gets a trace id of its own', async t => {
  const { anonymous } = echo().t
  const given = [
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
  ]
  const seen = new Set<string>()
  for (const header of given) {
    const { trace_id } = (await anonymous.get('/echo', header === '' ? {} : { traceparent: header })).body
    t.regex(trace_id, /^(?!0{32})[0-9a-f]{32}$/, header)
    t.not(trace_id, TRACE, header)
    seen.add(trace_id)
  }
  t.is(seen.size, given.length)
})

test('a fault of ours says nothing of what is inside', async t => {
  const { user } = echo()
  for (const answer of [await user.get('/echo/broken'), await user.post('/echo', { name: 'unlucky' })]) {
    t.is(refusal(answer), '500 internal')
    t.is(answer.body.detail, 'Something went wrong on our side. Quote the trace id when you report it.')
    t.notRegex(answer.text, /no_such_table|hunter2|4711|sqlite|select|\.ts|node_modules/i)
    t.regex(answer.body.trace_id, /^[0-9a-f]{32}$/)
  }
})

test('an answer that is not what the route says is a fault of ours, told to nobody', async t => {
  const answer = await echo().user.get('/echo/lies')
  t.is(refusal(answer), '500 internal')
  t.notRegex(answer.text, /seven|returns/)
})

test('a value that must be unique is a conflict, and the values are not repeated', async t => {
  const { user } = echo()
  t.is((await user.post('/echo', { name: 'only-once' })).status, 201)
  const again = await user.post('/echo', { name: 'only-once' })
  t.is(refusal(again), '409 conflict')
  t.notRegex(again.text, /only-once|sites|UNIQUE/i)
})

test('faults of an input are listed with their place', async t => {
  const { body } = await echo().user.post('/echo', { name: 7, tags: ['a', 'b', 'c', 'd'], more: 1 })
  t.is(body.error, 'invalid')
  t.deepEqual(body.errors.map(({ path }: { path: string }) => path).sort(), ['body.more', 'body.name', 'body.tags'])
})

test('a database without room or busy is 503, and says when to come back where that helps', t => {
  const full = toProblem(Object.assign(new Error('disk'), { code: 'SQLITE_FULL' }), sqliteDialect)
  t.is(full.code, 'storage_full')
  const busy = toProblem(Object.assign(new Error('locked'), { code: 'SQLITE_BUSY' }), sqliteDialect)
  t.is(busy.code, 'database_unavailable')
  t.deepEqual(busy.headers, { 'Retry-After': '2' })
  t.notRegex(`${full.message} ${busy.message}`, /disk|locked/)
})

test('a violated foreign key is a conflict', t => {
  const error = Object.assign(new Error('x'), { code: 'SQLITE_CONSTRAINT_FOREIGNKEY' })
  t.is(toProblem(error, sqliteDialect).code, 'conflict')
})

test('what was thrown and is no error at all is ours as well', t => {
  t.is(toProblem('text', sqliteDialect).code, 'internal')
  t.is(toProblem(undefined, sqliteDialect).code, 'internal')
})

test('a problem keeps the status of its code whatever it says', t => {
  const body = problemBody(problem('stale', 'Read it again.'), '/x', newId())
  t.like(body, { status: 412, title: 'The record has changed since it was read', detail: 'Read it again.' })
})
