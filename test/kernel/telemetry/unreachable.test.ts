import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { observedHouse } from './observed-house.ts'

/** A receiver that misbehaves, and how many batches it was sent. */
async function badReceiver(answer: RequestListener) {
  const asked = Promise.withResolvers<void>()
  const server = createServer((req, res) => {
    asked.resolve()
    answer(req, res)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: asked.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const settings = (url: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_METRIC_EXPORT_INTERVAL: '1000' })

test('a receiver that refuses costs a log line, no request', async t => {
  await using receiver = await badReceiver((_req, res) => void res.writeHead(403).end('no'))
  await using house = await observedHouse(settings(receiver.url))
  const user = await house.kernel.as('a')
  for (let i = 0; i < 20; i++) t.is((await user.post('/things', { name: 'lamp' })).status, 200)
  await receiver.asked
  await house.end()
  const lines = house.log.records().filter(({ msg }) => String(msg).startsWith('telemetry: '))
  const about = lines.map(line => line.about)
  t.true(about.length > 0)
  t.deepEqual(about, [...new Set(about)], 'each thing is said once a minute')
  t.regex(String(lines[0]?.msg), /^telemetry: sending (traces|metrics|logs) to OTLP failed; requests are not affected$/)
})

test('a receiver that is not there does not hold up requests or the stop', async t => {
  const gone = await badReceiver((_req, res) => void res.end())
  await gone[Symbol.asyncDispose]()
  await using house = await observedHouse(settings(gone.url))
  const user = await house.kernel.as('a')
  t.is((await user.post('/things', { name: 'lamp' })).status, 200)
  await t.notThrowsAsync(house.end())
})

test('a receiver that never answers does not hold up requests or the stop', async t => {
  await using receiver = await badReceiver(() => undefined)
  await using house = await observedHouse(settings(receiver.url))
  const user = await house.kernel.as('a')
  for (let i = 0; i < 20; i++) t.is((await user.post('/things', { name: 'lamp' })).status, 200)
  await receiver.asked
  await t.notThrowsAsync(house.end())
})
