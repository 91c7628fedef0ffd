import test from 'ava'
import { metricTable } from '../../../kernel/telemetry/metric-table.ts'
import { testsOnServer } from '../../../kernel/testing/test-database.ts'
import { observedHouse } from './observed-house.ts'
import { startReceiver } from './receiver.ts'

test('an operator sees requests, queues, tenants, plugins, the pool and the process', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  })
  const user = await house.kernel.as('a')
  const made = await user.post('/things', { name: 'dust' })
  await house.kernel.finished(made.body.job_id)
  await house.kernel.settled()
  await user.post('/things/broken', { name: 'x' })
  const one = (name: string, attributes: object) =>
    receiver
      .points(name)
      .find(point => Object.entries(attributes).every(([key, value]) => point.attributes[key] === value))?.value
  const sees = async (name: string, attributes: object, value: number) => {
    const found = await receiver.until(`${name} ${JSON.stringify(attributes)} = ${value}`, () =>
      one(name, attributes) === value ? value : undefined,
    )
    t.is(found, value, name)
  }
  const route = { 'http.route': '/api/v1/things', 'http.request.method': 'POST', 'monozu.plugin': 'things' }
  await sees('http.server.request.duration', { ...route, 'http.response.status_code': 200 }, 1)
  await sees('http.server.request.duration', { 'http.response.status_code': 500, 'error.type': 'internal' }, 1)
  await sees('http.server.active_requests', { 'http.request.method': 'POST' }, 0)
  await sees('monozu.jobs', { 'monozu.plugin': 'things', 'monozu.job': 'polish', 'monozu.job.state': 'failed' }, 1)
  await sees('monozu.job.duration', { 'monozu.job': 'polish', 'monozu.job.outcome': 'failed' }, 1)
  await sees('monozu.event.delivery.duration', { 'monozu.event.outcome': 'delivered' }, 1)
  await sees('monozu.outbox.waiting', {}, 0)
  await sees('monozu.outbox.age', {}, 0)
  await sees('monozu.tenants', { 'monozu.tenant.state': 'active' }, 2)
  await sees('monozu.tenants', { 'monozu.tenant.state': 'grace' }, 0)
  await sees('monozu.plugins', { 'monozu.plugin': 'things', 'monozu.plugin.state': 'running' }, 1)
  if (!testsOnServer) await sees('db.client.connection.max', { 'db.client.connection.pool.name': 'writer' }, 1)
  await sees('monozu.things.shelf_age', { shelf: 'top' }, 7)
  await receiver.until('what failed to be inserted', () =>
    one('db.client.operation.duration', {
      'db.collection.name': 'no_such_table',
      ...(testsOnServer ? {} : { 'error.type': 'SQLITE_ERROR' }),
    }),
  )
  const resident = one('process.memory.usage', {}) ?? 0
  t.true(resident > 30_000_000 && resident < 2_000_000_000)
  const [first] = receiver.points('http.server.request.duration')
  t.is(first?.unit, 's')
})

test('a job that waits, an event that fails and what is stuck behind it are measured', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  })
  const user = await house.kernel.as('a')
  await user.post('/things', { name: 'noise' })
  await house.kernel.kernel.runtime.delivery.settle()
  await user.post('/things', { name: 'behind it' })
  await house.kernel.kernel.runtime.delivery.settle()
  house.kernel.clock.advance(90_000)
  const value = (name: string) => receiver.points(name)[0]?.value
  t.is(await receiver.until('two waiting', () => (value('monozu.outbox.waiting') === 2 ? 2 : undefined)), 2)
  t.is(await receiver.until('their age', () => (value('monozu.outbox.age') === 90 ? 90 : undefined)), 90)
  t.is(await receiver.until('a failing lane', () => value('monozu.outbox.failing')), 1)
})

test('every metric that is exported is in the table, and the other way round', async t => {
  await using receiver = await startReceiver()
  await using house = await observedHouse({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    REDIS_URL: 'redis://127.0.0.1:1',
  })
  await using socket = await house.kernel.socket('a', [], 'things')
  socket.send('find', { name: 'lamp' })
  await socket.next('found')
  await socket[Symbol.asyncDispose]()
  const user = await house.kernel.as('a')
  await user.post('/things/broken', { name: 'x' })
  await user.post('/things', { name: 'noise' })
  await house.kernel.finished((await user.post('/things', { name: 'dust' })).body.job_id)
  await house.kernel.kernel.runtime.delivery.settle()
  const all = Object.keys(metricTable).sort()
  const names = (): string[] => receiver.metricNames.filter(name => name !== 'monozu.things.shelf_age')
  const missing = (): string => all.filter(name => !names().includes(name)).join()
  const seen = await receiver.until('all metrics', () => (missing() === '' ? names() : undefined)).catch(missing)
  t.deepEqual(seen, all)
})
