import test from 'ava'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { startReceiver } from './receiver.ts'

test('the age of each feed is exported', async t => {
  await using receiver = await startReceiver()
  await using kernel = await startTestKernel({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      FEED_SYNC: 'on',
      FEED_NVD: import.meta.dirname,
      FEED_KEV: 'off',
      FEED_EPSS: 'off',
      FEED_EXPLOITDB: 'off',
    },
  })
  kernel.clock.advance(3 * 3_600_000)
  const age = await receiver.until('an age of two hours', () => {
    const [point] = receiver.points('monozu.cve_feed.feed_age')
    return point && point.value >= 7_200 ? point : undefined
  })
  t.deepEqual(age.attributes, { feed: 'nvd' })
  t.is(age.unit, 's')
})
