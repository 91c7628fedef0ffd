import test from 'ava'
import { observedHouse } from './observed-house.ts'
import { startReceiver } from './receiver.ts'

test('a frame is a trace of its own, with the statements it sends', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  await using socket = await house.kernel.socket('a', [], 'things')
  socket.send('find', { name: 'lamp' })
  await socket.next('found')
  await house.end()
  const frame = await receiver.span('frame things.find')
  t.is(frame.kind, 2)
  t.is(frame.parentSpanId, undefined)
  t.like(frame.attributes, {
    'monozu.channel': 'things',
    'monozu.frame': 'find',
    'monozu.plugin': 'things',
    'monozu.tenant_id': house.kernel.tenantId('a'),
  })
  t.truthy(frame.attributes['enduser.id'])
  const inside = receiver.spans.filter(({ parentSpanId }) => parentSpanId === frame.spanId).map(({ name }) => name)
  t.deepEqual(inside, ['SELECT assets'])
})

test('what went wrong with a frame is told, and its trace is that of the error and the log', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  await using socket = await house.kernel.socket('a', [], 'things')
  socket.send('find', { name: 'nothing' })
  const missing = (await socket.next('error')).data
  socket.send('find', { name: 'trouble' })
  const broken = (await socket.next('error')).data
  await house.end()
  await receiver.span('frame things.find')
  const frame = (traceId: string) =>
    receiver.spans.find(span => span.traceId === traceId && span.parentSpanId === undefined)
  t.like(frame(missing.trace_id), { attributes: { 'error.type': 'not_found' } })
  t.not(frame(missing.trace_id)?.status.code, 2)
  t.like(frame(broken.trace_id), { attributes: { 'error.type': 'internal' }, status: { code: 2 } })
  t.is(
    (await receiver.until('the log line', () => receiver.lines.find(line => line.traceId === broken.trace_id)))?.body,
    'the frame things.find failed',
  )
})

test('sockets, their frames and how they close are counted', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  })
  await using stays = await house.kernel.socket('a', [], 'things')
  const goes = await house.kernel.socket('b', [], 'things')
  for (const socket of [stays, goes]) {
    socket.send('find', { name: 'lamp' })
    await socket.next('found')
  }
  stays.send('find', { name: 'nothing' })
  await stays.next('error')
  goes.ws.close(4999)
  await goes.closed
  const value = (name: string, attributes: object = {}) =>
    receiver
      .points(name)
      .find(point =>
        Object.entries({ 'monozu.channel': 'things', ...attributes }).every(
          ([key, is]) => point.attributes[key] === is,
        ),
      )?.value
  const becomes = (name: string, is: number, attributes?: object) =>
    receiver.until(`${name} = ${is}`, () => (value(name, attributes) === is ? is : undefined))
  t.is(await becomes('monozu.sockets', 1), 1)
  t.is(await becomes('monozu.socket.frames', 3, { 'network.io.direction': 'receive' }), 3)
  t.is(await becomes('monozu.socket.frames', 3, { 'network.io.direction': 'transmit' }), 3)
  t.is(await becomes('monozu.socket.closes', 1, { 'monozu.socket.close_code': 'other' }), 1)
  t.is(await becomes('monozu.frame.duration', 2, { 'monozu.frame': 'find' }), 2)
  t.is(await becomes('monozu.frame.duration', 1, { 'monozu.frame': 'find', 'error.type': 'not_found' }), 1)
  t.deepEqual(receiver.points('monozu.backplane.up'), [])
})
