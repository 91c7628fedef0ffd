import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import test from 'ava'
import { newId } from '../../../kernel/contract.ts'
import { observedHouse } from './observed-house.ts'

const KEY = '11111111-2222-4333-8444-555555555555'

interface Envelope {
  readonly name: string
  readonly iKey: string
  readonly tags: Readonly<Record<string, string>>
  readonly data: { readonly baseType: string; readonly baseData: Readonly<Record<string, unknown>> }
}

/** An ingestion endpoint of Application Insights on the loopback. */
async function ingestion() {
  const envelopes: Envelope[] = []
  const paths = new Set<string | undefined>()
  const server = createServer(async (req, res) => {
    paths.add(req.url)
    const items = (await json(req)) as Envelope[]
    envelopes.push(...items)
    const answer = { itemsReceived: items.length, itemsAccepted: items.length, errors: [] }
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    envelopes,
    paths,
    settings: { APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${KEY};IngestionEndpoint=${url}/` },
    of: (type: string) => envelopes.filter(({ data }) => data.baseType === type),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

test.serial('Application Insights gets requests, dependencies, lines, exceptions and metrics', async t => {
  await using insights = await ingestion()
  await using house = await observedHouse({ ...insights.settings, OTEL_SERVICE_NAME: 'tested' })
  const tenantId = house.kernel.tenantId('a')
  const user = await house.kernel.as('a')
  const id = newId()
  await user.get(`/things/${id}`)
  const broken = await user.post('/things/broken', { name: 'hush-hush' })
  const made = await user.post('/things', { name: 'lamp' })
  await house.kernel.finished(made.body.job_id)
  await house.end()

  t.true(insights.envelopes.every(({ iKey }) => iKey === KEY))
  const request = insights.of('RequestData').find(({ data }) => data.baseData.name === 'GET /api/v1/things/:id')
  t.like(request?.data.baseData, {
    responseCode: '200',
    success: true,
    properties: { 'monozu.tenant_id': tenantId, 'monozu.plugin': 'things' },
  })
  t.is(request?.tags['ai.cloud.role'], 'tested')
  const statement = insights
    .of('RemoteDependencyData')
    .find(({ tags }) => tags['ai.operation.parentId'] === request?.data.baseData.id)
  t.is(statement?.data.baseData.type, 'SQL')
  t.regex(String(statement?.data.baseData.data), /^select /)
  const job = insights.of('RequestData').find(({ data }) => data.baseData.name === 'job things/polish')
  t.like(job?.data.baseData.properties, { 'monozu.job.outcome': 'succeeded' })

  const line = insights.of('MessageData').find(({ data }) => data.baseData.message === 'looking')
  t.is(line?.tags['ai.operation.id'], request?.tags['ai.operation.id'])
  const [exception] = insights.of('ExceptionData')
  t.is(exception?.tags['ai.operation.id'], broken.body.trace_id)
  const metrics = insights.of('MetricData').flatMap(({ data }) => data.baseData.metrics as { name: string }[])
  t.true(metrics.some(({ name }) => name === 'http.server.request.duration'))
  const all = JSON.stringify(insights.envelopes)
  t.false(all.includes('hush-hush') || all.includes(id))
})

test.serial('an endpoint that refuses or is gone is one complaint each, not a success', async t => {
  const insights = await ingestion()
  await insights[Symbol.asyncDispose]()
  await using house = await observedHouse(insights.settings)
  t.is((await (await house.kernel.as('a')).get(`/things/${newId()}`)).status, 200)
  await house.end()
  const about = house.log
    .records()
    .flatMap(({ msg, about }) => (String(msg).startsWith('telemetry: ') ? String(about) : []))
  t.true(about.includes('sending traces to Application Insights'), about.join())
  t.is(new Set(about).size, about.length)
})

test.serial('the exporter keeps to itself: no reports to its maker, no settings from there', async t => {
  await using insights = await ingestion()
  await using house = await observedHouse(insights.settings)
  await house.end()
  const entry = import.meta.resolve('@azure/monitor-opentelemetry-exporter')
  const { ConfigurationManager } = await import(new URL('_configuration/configurationManager.js', entry).href)
  t.is(ConfigurationManager.getInstance().worker, undefined)
  const { StatsbeatManager } = await import(new URL('export/statsbeat/statsbeatManager.js', entry).href)
  t.is(StatsbeatManager.getInstance().networkStatsbeatMetrics, undefined)
  t.deepEqual([...insights.paths], ['/v2.1/track'])
})
