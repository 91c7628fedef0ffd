import test from 'ava'
import { newId } from '../../../kernel/contract.ts'
import { observedHouse } from './observed-house.ts'
import { startReceiver } from './receiver.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

test('a sampler that records nothing leaves the trace ids, the log and the metrics', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: 'always_off',
  })
  const user = await house.kernel.as('a')
  await user.get(`/things/${newId()}`, { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })
  await house.end()
  t.deepEqual(receiver.spans, [])
  const line = house.log.records().find(({ msg }) => msg === 'looking')
  t.is(line?.trace_id, TRACE)
  t.is(receiver.lines.find(({ body }) => body === 'looking')?.traceId, TRACE)
  const counted = receiver.points('http.server.request.duration').map(({ attributes }) => attributes['http.route'])
  t.true(counted.includes('/api/v1/things/:id'))
})

test('a sampler by ratio does not ask the caller', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '1',
  })
  const user = await house.kernel.as('a')
  await user.get(`/things/${newId()}`, { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` })
  await house.end()
  t.is((await receiver.span('GET /api/v1/things/:id')).traceId, TRACE)
})
