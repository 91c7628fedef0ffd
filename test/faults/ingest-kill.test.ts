import test from 'ava'
import { allOf, IngestLoad, newDevice } from './ingest-load.ts'
import { eventually, startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

const ROUNDS = 3

test('kill -9 while devices send: every event that got its 204 is there and was told, and none twice', async t => {
  const env = { DATA_DIR: temporaryFolder(t), INGEST_REQUESTS_PER_MINUTE: '1000000' }
  let server = await startServer(t, { env })
  const { port } = server
  const tenant = await newTenant(server.url, ['security'])
  const { client } = tenant
  const keys = [await newDevice(tenant, 'one'), await newDevice(tenant, 'two'), await newDevice(tenant, 'three')]
  const load = new IngestLoad(t, server.url, keys)
  for (let round = 0; round < ROUNDS; round += 1) {
    await load.acknowledges(20)
    t.deepEqual(await server.end('SIGKILL'), { code: null, signal: 'SIGKILL' })
    server = await startServer(t, { env, port })
  }
  await load.acknowledges(10)
  await load.stop()

  const stored = (await allOf(client, '/ingest/events')).map(({ event_id }) => event_id)
  t.deepEqual(stored.toSorted(), [...load.acknowledged].toSorted())

  const expected = [...load.acknowledged].filter(id => id.endsWith('-0')).map(id => `alert ${id}`)
  await eventually('all alerts to be told', async () => {
    const { body } = await client.get('/security/alerts/summary')
    return body.total >= expected.length
  })
  const alerts = await allOf(client, '/security/alerts')
  t.deepEqual(alerts.map(({ title }) => title).toSorted(), expected.toSorted())
  t.deepEqual(
    alerts.filter(({ occurrences }) => occurrences !== 1),
    [],
  )
  const faults = [...load.others.keys()].filter(
    outcome => !/^(ECONNREFUSED|ECONNRESET|EPIPE|503 starting)$/.test(outcome),
  )
  t.deepEqual(faults, [])
})
