import test from 'ava'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { smallPlugin } from '../plugins/small-plugin.ts'
import { capturedLog } from '../testing/captured-log.ts'
import { startReceiver } from './receiver.ts'

test('a gauge that fails or hangs is left out, and told once; the others go on', async t => {
  const moody = smallPlugin('moody', kit => {
    const gauge = (name: string, read: () => Promise<{ value: number }[]>) =>
      kit.gauge(name, { unit: '1', description: name, read })
    gauge('broken', () => Promise.reject(new Error('no idea')))
    gauge('fine', async () => [{ value: 1 }])
    gauge('hangs', () => new Promise(() => undefined))
  })
  await using receiver = await startReceiver()
  const log = capturedLog('info')
  await using kernel = await startTestKernel({
    plugins: [moody],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRIC_EXPORT_INTERVAL: '1000' },
    kernel: { logging: log.logging },
  })
  await receiver.until('the gauge that works', () => receiver.points('monozu.moody.fine')[0])
  t.is(kernel.kernel.lifecycle, 'running')
  t.deepEqual(receiver.points('monozu.moody.broken'), [])
  const said = log.records().filter(({ about }) => about === 'reading monozu.moody.broken')
  t.deepEqual(
    said.map(({ reason }) => reason),
    ['no idea'],
  )
})

test('a gauge without a proper name, or named twice, is refused', async t => {
  const gauge = { unit: '1', description: '', read: async () => [] }
  const bad = smallPlugin('bad', kit => kit.gauge('Feed-Age', gauge))
  const twice = smallPlugin('twice', kit => {
    kit.gauge('age', gauge)
    kit.gauge('age', gauge)
  })
  await using kernel = await startTestKernel({ plugins: [bad, twice] })
  const reasons = kernel.kernel.catalogue.summary().map(({ reason }) => reason)
  t.true(reasons.includes('plugin "bad": "Feed-Age" is no name of a gauge; write it as "feed_age"'))
  t.true(reasons.includes('plugin "twice": gauge "age" is registered twice'))
})
