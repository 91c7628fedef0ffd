import test from 'ava'
import { observedHouse } from './observed-house.ts'
import { startReceiver } from './receiver.ts'

test('what is taken out of the log is taken out of what is exported, and headers open the receiver', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=let%20me%20in',
  })
  const { log } = house.log.logging
  const cause = new Error("Conversion failed when converting the nvarchar value 'hush-hush'")
  log.error(new Error('select 1 from users where token = hush-hush - no such table', { cause }), 'it broke')
  log.warn({ password: 'hush-hush', list: ['a', { token: 'hush-hush' }], rows: 3 }, 'Bearer hush-hush-hush came in')
  await house.end()

  const line = receiver.lines.find(({ severityText, attributes }) => severityText === 'WARN' && attributes.rows === 3)
  t.is(line?.body, 'Bearer [redacted] came in')
  t.deepEqual(line?.attributes, { password: '[redacted]', list: ['a', { token: '[redacted]' }], rows: 3 })
  t.is(line?.traceId, undefined)
  t.true(receiver.lines.some(({ body }) => body === 'it broke'))
  t.false(JSON.stringify(receiver.lines).includes('hush-hush'))
  t.true(receiver.headers.every(headers => headers['api-key'] === 'let me in'))
})

test('the request log is not exported: the spans say the same', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  await house.kernel.as('a')
  await house.end()
  t.true(house.log.records().some(({ msg }) => msg === 'request'))
  t.false(receiver.lines.some(({ body }) => body === 'request'))
})
