import test from 'ava'
import { newId } from '../../../kernel/contract.ts'
import { testsOnServer } from '../../../kernel/testing/test-database.ts'
import { observedHouse } from './observed-house.ts'
import { startReceiver } from './receiver.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = '00f067aa0ba902b7'
const system = testsOnServer ? 'microsoft.sql_server' : 'sqlite'

test('a request is a server span by its route, with tenant and plugin, and its statements are its children', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_SERVICE_NAME: 'tested',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=in%20test',
  })
  const tenantId = house.kernel.tenantId('a')
  const user = await house.kernel.as('a')
  const id = newId()
  t.is((await user.get(`/things/${id}`)).status, 200)
  await house.end()

  const span = await receiver.span('GET /api/v1/things/:id')
  t.is(span.kind, 2)
  t.is(span.parentSpanId, undefined)
  t.like(span.attributes, {
    'http.request.method': 'GET',
    'http.route': '/api/v1/things/:id',
    'http.response.status_code': 200,
    'monozu.tenant_id': tenantId,
    'monozu.plugin': 'things',
  })
  t.like(span.resource, {
    'service.name': 'tested',
    'service.version': '0.0.0-test',
    'deployment.environment.name': 'in test',
  })
  const children = receiver.spans.filter(
    ({ parentSpanId, name }) => parentSpanId === span.spanId && /assets/.test(name),
  )
  t.deepEqual(
    children.map(({ name, kind, attributes }) => [name, kind, attributes['db.system.name']]),
    [
      ['SELECT assets', 3, system],
      ['SELECT assets', 3, system],
    ],
  )
  t.regex(
    String(children[0]?.attributes['db.query.text']),
    testsOnServer ? /where .*\[id\] = (\?|@p\d+)/ : /where .*`id` = \?/,
  )
  t.false(JSON.stringify(receiver.spans).includes(id), 'neither the URL nor a bound value is told')
})

test('a trace that the caller began goes on', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const user = await house.kernel.as('a')
  await user.get(`/things/${newId()}`, { traceparent: `00-${TRACE}-${CALLER}-01` })
  await user.get('/things/none', { traceparent: `00-${TRACE}-${CALLER}-00` })
  await house.end()

  const spans = receiver.spans.filter(({ traceId, kind }) => traceId === TRACE && kind === 2)
  t.deepEqual(
    spans.map(({ name, parentSpanId }) => [name, parentSpanId]),
    [['GET /api/v1/things/:id', CALLER]],
    'and one that the caller does not record is not recorded here',
  )
})

test('log lines, the request line and the problem of a request carry the ids of its span', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const user = await house.kernel.as('a')
  await user.get(`/things/${newId()}`)
  const refused = await user.get('/things/none')
  await house.end()

  const span = await receiver.span('GET /api/v1/things/:id')
  const ids = { trace_id: span.traceId, span_id: span.spanId }
  const records = house.log.records()
  t.like(
    records.find(({ msg }) => msg === 'looking'),
    ids,
  )
  t.like(
    records.find(({ msg, route, status }) => msg === 'request' && route === '/api/v1/things/:id' && status === 200),
    ids,
  )
  const exported = receiver.lines.find(({ body }) => body === 'looking')
  t.like(exported, { traceId: span.traceId, spanId: span.spanId, severityText: 'INFO' })
  t.is(exported?.attributes['monozu.plugin'], 'things')

  const problem = receiver.spans.find(({ attributes }) => attributes['error.type'] === 'invalid')
  t.is(problem?.traceId, refused.body.trace_id)
  t.deepEqual(problem?.status.code ?? 0, 0, 'a refusal is no fault of the server')
})

test('a fault is an error on the spans and in the log, without the values', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const user = await house.kernel.as('a')
  const broken = await user.post('/things/broken', { name: 'hush-hush' })
  t.is(broken.status, 500)
  await house.end()

  const span = await receiver.span('POST /api/v1/things/broken')
  t.is(span.traceId, broken.body.trace_id)
  t.is(span.status.code, 2)
  const statement = await receiver.span('INSERT no_such_table')
  t.like(statement, { parentSpanId: span.spanId, traceId: span.traceId })
  t.is(statement.status.code, 2)
  t.regex(String(statement.status.message), /no such table|does not exist|Invalid object/)
  const line = receiver.lines.find(({ severityText }) => severityText === 'ERROR')
  t.is(line?.traceId, span.traceId)
  t.is(line?.attributes['exception.type'], testsOnServer ? 'Error' : 'SqliteError')
  t.truthy(line?.attributes['exception.stacktrace'])
  t.false(JSON.stringify([receiver.spans, receiver.lines]).includes('hush-hush'))
})

test('a streamed answer is one span until its end, and what it reads on the way belongs to it', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const user = await house.kernel.as('a')
  t.is((await user.get('/things/export')).text, '0\n0\n')
  await house.end()
  const span = await receiver.span('GET /api/v1/things/export')
  const children = receiver.spans.filter(
    ({ parentSpanId, name }) => parentSpanId === span.spanId && /assets/.test(name),
  )
  t.is(children.length, 2)
})

test('probes are no spans', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  await house.kernel.anonymous.get('/health/live')
  await house.kernel.anonymous.get('/nowhere')
  await house.end()
  const server = receiver.spans.filter(({ kind, attributes }) => kind === 2 && !attributes['http.route'])
  t.deepEqual(
    server.map(({ name, attributes }) => [name, attributes['http.response.status_code']]),
    [['GET', 404]],
    'and a path that nothing answers has no name but its method',
  )
})
