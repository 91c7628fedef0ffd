import test from 'ava'
import { observedHouse } from './observed-house.ts'
import { startReceiver } from './receiver.ts'

test('a job is a trace of its own that points at the request which queued it', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const user = await house.kernel.as('a')
  const { body } = await user.post('/things', { name: 'lamp' })
  await house.kernel.finished(body.job_id)
  await house.end()

  const request = await receiver.span('POST /api/v1/things')
  const job = await receiver.span('job things/polish')
  t.is(job.kind, 5)
  t.not(job.traceId, request.traceId)
  t.is(job.parentSpanId, undefined)
  t.like(job.links[0], { traceId: request.traceId, spanId: request.spanId })
  t.like(job.attributes, {
    'monozu.plugin': 'things',
    'monozu.job': 'polish',
    'monozu.job.run_id': body.job_id,
    'monozu.job.attempt': 1,
    'monozu.job.outcome': 'succeeded',
    'monozu.tenant_id': house.kernel.tenantId('a'),
  })
  const inside = receiver.spans.filter(({ parentSpanId }) => parentSpanId === job.spanId).map(({ name }) => name)
  t.true(inside.includes('SELECT assets'), inside.join())
})

test('a job of very many statements is no trace of very many spans', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const user = await house.kernel.as('a')
  const { body } = await user.post('/things', { name: 'heap' })
  await house.kernel.finished(body.job_id)
  await house.end()
  const job = await receiver.span('job things/polish')
  t.is(receiver.spans.filter(({ parentSpanId }) => parentSpanId === job.spanId).length, 200)
  t.true(Number(job.attributes['monozu.statements']) > 300)
})

test('a job that fails says so, and what the tenant reads names its trace', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const user = await house.kernel.as('a')
  const { body } = await user.post('/things', { name: 'dust' })
  const run = await house.kernel.finished(body.job_id)
  await house.end()

  const job = await receiver.span('job things/polish')
  t.is(job.status.code, 2)
  t.is(job.attributes['monozu.job.outcome'], 'failed')
  t.true(run.error?.endsWith(job.traceId), run.error ?? '')
  const told = receiver.lines.filter(({ severityText }) => severityText === 'ERROR')
  t.true(told.length > 0)
  t.true(told.every(({ traceId }) => traceId === job.traceId))
})

test('a delivery is a trace of its own that points at the request which told of it', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const user = await house.kernel.as('a')
  await user.post('/things', { name: 'lamp' })
  await house.kernel.settled()
  await house.end()

  const request = await receiver.span('POST /api/v1/things')
  const delivery = await receiver.span('event things.thing-made to listener')
  t.is(delivery.kind, 5)
  t.like(delivery.links[0], { traceId: request.traceId, spanId: request.spanId })
  t.like(delivery.attributes, {
    'monozu.plugin': 'listener',
    'monozu.event': 'things.thing-made',
    'monozu.event.attempt': 1,
    'monozu.event.outcome': 'delivered',
    'monozu.tenant_id': house.kernel.tenantId('a'),
  })
  const inside = receiver.spans.filter(({ parentSpanId }) => parentSpanId === delivery.spanId)
  t.true(inside.some(({ name }) => name === 'SELECT assets'))
  const requested = receiver.spans.filter(({ parentSpanId }) => parentSpanId === request.spanId)
  t.false(
    requested.some(({ name }) => name.includes('outbox_lanes')),
    'what looks after the queue is no part of the request',
  )
})

test('a delivery that fails is an error, and so is the line that tells of it', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const user = await house.kernel.as('a')
  await user.post('/things', { name: 'noise' })
  await house.kernel.kernel.runtime.delivery.settle()
  await house.end()

  const delivery = await receiver.span('event things.thing-made to listener')
  t.like(delivery.status, { code: 2, message: 'too loud' })
  const line = receiver.lines.find(({ body }) => body.startsWith('the event could not be delivered'))
  t.is(line?.traceId, delivery.traceId)
})

test('plugins tell of their states', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  await house.end()
  const told = receiver.spans.filter(({ name }) => name.startsWith('plugin things: '))
  t.deepEqual(
    told.map(({ name }) => name.slice('plugin things: '.length)),
    ['checked → migrating', 'migrating → starting', 'starting → running', 'running → draining', 'draining → stopped'],
  )
  t.like(told.find(({ name }) => name.endsWith('starting → running'))?.attributes, {
    'monozu.plugin': 'things',
    'monozu.plugin.from': 'starting',
    'monozu.plugin.to': 'running',
  })
})
